// Lays the tiles out: as large as the window allows, all of one size, shared screens first.
import { useSize } from '../../hooks/use-size';
import type { Session } from '../../sfu/session';
import type { SessionState } from '../../sfu/session-state';
import { GAP, gridShape } from './grid-shape';
import { ScreenTile } from './screen-tile';
import { Tile } from './tile';

interface Props {
  session: Session;
  state: SessionState;
}

export function TileGrid({ session, state }: Props) {
  const { people, camera, microphone, screen, peerId = '', displayName } = state;
  const sharing = people.filter((person) => person.screen);
  const screens = sharing.length + (screen.track ? 1 : 0);
  const [measure, space] = useSize();
  const shape = space && gridShape(people.length + 1 + screens, space);
  const style = shape && {
    '--tile-width': `${shape.tile.width}px`,
    '--tile-height': `${shape.tile.height}px`,
    width: shape.width,
    gap: GAP,
  };

  return (
    <main
      ref={measure}
      // Whoever has no pointer scrolls with the arrow keys.
      tabIndex={shape?.scrolls ? 0 : undefined}
      className="flex min-h-0 flex-1 overflow-y-auto px-3 py-1 sm:px-6"
    >
      <div style={style} className={`tile-grid m-auto ${shape ? '' : 'invisible'}`}>
        {screen.track && <ScreenTile name="Your screen" track={screen.track} peerId={peerId} />}
        {sharing.map(
          ({ peerId: sharer, displayName: name, screen: remote }) =>
            remote && (
              <ScreenTile
                key={remote.producerId}
                name={`${name ?? 'Guest'}'s screen`}
                track={remote.track}
                peerId={sharer}
                onAttached={() => session.trackAttached(remote.producerId)}
              />
            ),
        )}
        <Tile
          self
          peerId={peerId}
          displayName={displayName}
          track={camera.state === 'on' ? camera.track : undefined}
          muted={microphone.state !== 'on'}
          speaking={state.activeSpeakerId === peerId && microphone.state === 'on'}
        />
        {people.map((person) => (
          <Tile
            key={person.peerId}
            peerId={person.peerId}
            displayName={person.displayName}
            track={person.cameraPaused ? undefined : person.camera?.track}
            muted={person.muted}
            speaking={state.activeSpeakerId === person.peerId && !person.muted}
            onAttached={() => {
              if (person.camera) session.trackAttached(person.camera.producerId);
            }}
          />
        ))}
      </div>
    </main>
  );
}
