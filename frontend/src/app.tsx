// The routes. Stage and Watch load on demand: mediasoup-client and hls.js are large, and no page needs both.
import { Suspense, lazy } from 'react';
import { Route, Routes } from 'react-router';
import { ErrorBoundary } from './components/error-boundary';
import { Spinner } from './components/spinner';
import { LobbyPage } from './features/lobby/lobby-page';
import { NotFoundPage } from './features/not-found-page';

const StagePage = lazy(() => import('./features/stage/stage-page'));
const WatchPage = lazy(() => import('./features/watch/watch-page'));

export function App() {
  return (
    <ErrorBoundary>
      <Suspense fallback={<Spinner label="Loading" />}>
        <Routes>
          <Route path="/" element={<LobbyPage />} />
          <Route path="/room/:roomId" element={<StagePage />} />
          <Route path="/watch/:roomId" element={<WatchPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </Suspense>
    </ErrorBoundary>
  );
}
