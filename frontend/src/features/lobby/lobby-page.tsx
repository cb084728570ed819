// The start page: create a room, or join one.
import { Brand } from '../../components/brand';
import { usePageTitle } from '../../hooks/use-page-title';
import { CreateRoomCard } from './create-room-card';
import { JoinRoomForm } from './join-room-form';

export function LobbyPage() {
  usePageTitle('');

  return (
    <>
      <header className="mx-auto w-full max-w-6xl px-5 py-5 sm:px-8">
        <Brand />
      </header>
      {/* From the top down, so that a sentence that appears moves nothing the person is about to press. */}
      <main className="mx-auto grid w-full max-w-6xl flex-1 content-start justify-items-center gap-10 px-5 pb-12 sm:px-8 lg:grid-cols-[1fr_26rem] lg:gap-16 lg:pt-[10dvh]">
        <div className="w-full pt-4 lg:pt-8">
          <h1 className="text-4xl leading-[1.1] font-semibold tracking-tight text-balance sm:text-5xl">
            Talk in a small room.
            <br />
            <span className="text-accent">Let everybody watch.</span>
          </h1>
          <p className="mt-5 max-w-md text-lg leading-relaxed text-soft">
            Up to eight people talk face to face. Everybody else follows one small live picture that plays on any connection.
          </p>
          <JoinRoomForm />
        </div>
        <CreateRoomCard />
      </main>
    </>
  );
}
