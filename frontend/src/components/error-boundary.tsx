// What is left of a page that failed, most often because a part of it could not be loaded: the way to try again.
import { Component, type ReactNode } from 'react';
import { Button } from './button';

interface Props {
  children: ReactNode;
}

export class ErrorBoundary extends Component<Props, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <main className="flex flex-1 flex-col items-center justify-center gap-4 p-8 text-center">
        <h1 className="text-3xl font-semibold tracking-tight">This page does not work now</h1>
        <p role="alert" className="max-w-sm leading-relaxed text-soft">
          A part of it could not be loaded, or failed. Check your connection and load the page again.
        </p>
        <Button look="primary" className="mt-2" onClick={() => window.location.reload()}>
          Load the page again
        </Button>
      </main>
    );
  }
}
