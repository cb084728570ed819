// Lays the tiles out: as large as the window allows, all of one size, shared screens first.
import type { CSSProperties } from 'react';
import type { Session } from '../../sfu/session';
import type { SessionState } from '../../sfu/session-state';
import { gridShape } from './grid-shape';
import { ScreenTile } from './screen-tile';
import { Tile } from './tile';

interface Props {
  session: Session;
  state: SessionState;
}

/** Header, toolbar and gaps; the rest of the window belongs to the tiles. */
const CHROME_HEIGHT = '11rem';

export function TileGrid({ session, state }: Props) {
  const { people, camera, microphone, screen, peerId = '', displayName } = state;
  const sharing = people.filter((person) => person.screen);
  const screens = sharing.length + (screen.track ? 1 : 0);
  const shape = gridShape(people.length + 1 + screens);
  const style = {
    '--columns': shape.columns,
    '--phone-columns': shape.phoneColumns,
    // The widest grid whose rows of 16:9 tiles still fit the window's height.
    '--grid-width': `calc((100dvh - ${CHROME_HEIGHT}) * 16 / 9 * ${shape.columns} / ${shape.rows})`,
  } as CSSProperties;

  return (
    <main className="flex min-h-0 flex-1 overflow-y-auto px-3 sm:px-6">
      <div
        style={style}
        className="tile-grid m-auto w-full sm:max-w-(--grid-width)"
      >
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
