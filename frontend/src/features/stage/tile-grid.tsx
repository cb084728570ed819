// Lays the tiles out: as large as the window allows, all of one size, shared screens first. Whoever only watches has none.
import { useEffect } from 'react';
import { useSize } from '../../hooks/use-size';
import type { Session } from '../../sfu/session';
import type { Person, SessionState } from '../../sfu/session-state';
import type { TrackSource } from '../../signaling/generated';
import { GAP, gridShape } from './grid-shape';
import { HostMenu } from './host-menu';
import { ScreenTile } from './screen-tile';
import { Tile } from './tile';

interface Props {
  session: Session;
  state: SessionState;
}

export function TileGrid({ session, state }: Props) {
  const { camera, microphone, screen, peerId = '', displayName, settings } = state;
  const people = state.people.filter(({ role }) => role === 'publisher');
  const sends = state.role === 'publisher';
  const sharing = people.filter((person) => person.screen);
  const screens = sharing.length + (screen.track ? 1 : 0);
  const tiles = people.length + (sends ? 1 : 0) + screens;
  const [measure, space] = useSize();
  const shape = space && tiles > 0 ? gridShape(tiles, space) : undefined;
  const tileHeight = shape?.tile.height;
  const style = shape && {
    '--tile-width': `${shape.tile.width}px`,
    '--tile-height': `${shape.tile.height}px`,
    width: shape.width,
    gap: GAP,
  };

  useEffect(() => {
    if (tileHeight) session.showCamerasAt(Math.round(tileHeight * window.devicePixelRatio));
  }, [session, tileHeight]);

  const isPinned = (id: string, source: TrackSource) => settings.pinned?.peerId === id && settings.pinned.source === source;
  const menu = (id: string, name: string | undefined, source: TrackSource, person?: Person) =>
    state.host && (
      <HostMenu
        controls={session.hostControls}
        person={person}
        peerId={id}
        name={name ?? 'Guest'}
        source={source}
        pinned={isPinned(id, source)}
      />
    );

  return (
    <main
      ref={measure}
      // Whoever has no pointer scrolls with the arrow keys.
      tabIndex={shape?.scrolls ? 0 : undefined}
      className="flex min-h-0 flex-1 overflow-y-auto px-3 py-1 sm:px-6"
    >
      <div style={style} className={`tile-grid m-auto ${shape || tiles === 0 ? '' : 'invisible'}`}>
        {tiles === 0 && <p className="text-soft">Nobody is here to be seen.</p>}
        {screen.track && (
          <ScreenTile
            name="Your screen"
            track={screen.track}
            peerId={peerId}
            pinned={isPinned(peerId, 'screen')}
            menu={menu(peerId, displayName, 'screen')}
          />
        )}
        {sharing.map(
          (person) =>
            person.screen && (
              <ScreenTile
                key={person.screen.producerId}
                name={`${person.displayName ?? 'Guest'}'s screen`}
                track={person.screen.track}
                peerId={person.peerId}
                pinned={isPinned(person.peerId, 'screen')}
                menu={menu(person.peerId, person.displayName, 'screen', person)}
                onAttached={() => {
                  if (person.screen) session.trackAttached(person.screen.producerId);
                }}
              />
            ),
        )}
        {sends && (
          <Tile
            self
            peerId={peerId}
            displayName={displayName}
            track={camera.state === 'on' ? camera.track : undefined}
            muted={microphone.state !== 'on'}
            speaking={state.activeSpeakerId === peerId && microphone.state === 'on'}
            level={microphone.state === 'on' ? state.levels[peerId] : 0}
            weak={state.weakPeerIds.includes(peerId)}
            pinned={isPinned(peerId, 'camera')}
            menu={menu(peerId, displayName, 'camera')}
          />
        )}
        {people.map((person) => (
          <Tile
            key={person.peerId}
            peerId={person.peerId}
            displayName={person.displayName}
            track={person.cameraPaused ? undefined : person.camera?.track}
            muted={person.muted}
            speaking={state.activeSpeakerId === person.peerId && !person.muted}
            level={person.muted ? 0 : state.levels[person.peerId]}
            reconnecting={person.reconnecting}
            weak={state.weakPeerIds.includes(person.peerId)}
            pinned={isPinned(person.peerId, 'camera')}
            menu={menu(person.peerId, person.displayName, 'camera', person)}
            onAttached={() => {
              if (person.camera) session.trackAttached(person.camera.producerId);
            }}
          />
        ))}
      </div>
    </main>
  );
}
