// What a host may do about one person: on that person's tile.
import { CameraOff, EllipsisVertical, MicOff, MonitorX, Pin, PinOff, UserX } from 'lucide-react';
import { AskingItem, Menu, MenuItem } from '../../components/menu';
import type { HostControls } from '../../sfu/host-controls';
import type { Person } from '../../sfu/session-state';
import type { TrackSource } from '../../signaling/generated';

interface Props {
  controls: HostControls;
  /** Missing for oneself, whom one only pins. */
  person?: Person;
  peerId: string;
  name: string;
  /** What the tile shows. */
  source: TrackSource;
  pinned: boolean;
}

export function HostMenu({ controls, person, peerId, name, source, pinned }: Props) {
  return (
    <Menu
      label={source === 'screen' ? `Manage the screen of ${name}` : `Manage ${name}`}
      data-testid="host-menu"
      face={<EllipsisVertical size={17} aria-hidden />}
      className="absolute top-2 right-2 grid size-8 place-items-center rounded-full bg-black/55 text-white backdrop-blur-sm hover:bg-black/75"
    >
      {person && source === 'camera' && (
        <>
          <MenuItem disabled={person.muted} onSelect={() => controls.mute(peerId, 'microphone')} data-testid="mute-peer">
            <MicOff size={16} aria-hidden /> Mute
          </MenuItem>
          <MenuItem disabled={!person.camera || person.cameraPaused} onSelect={() => controls.mute(peerId, 'camera')} data-testid="camera-off-peer">
            <CameraOff size={16} aria-hidden /> Turn off camera
          </MenuItem>
        </>
      )}
      {person && source === 'screen' && (
        <MenuItem onSelect={() => controls.mute(peerId, 'screen')} data-testid="screen-off-peer">
          <MonitorX size={16} aria-hidden /> Stop sharing
        </MenuItem>
      )}
      <MenuItem onSelect={() => (pinned ? controls.unpin() : controls.pin(peerId, source))} data-testid="pin-peer">
        {pinned ? <PinOff size={16} aria-hidden /> : <Pin size={16} aria-hidden />}
        {pinned ? 'Unpin from the broadcast' : 'Pin in the broadcast'}
      </MenuItem>
      {person && source === 'camera' && (
        <AskingItem
          question={`Remove ${name} from the room?`}
          answer="Remove"
          onConfirm={() => controls.remove(peerId)}
          data-testid="remove-peer"
        >
          <UserX size={16} aria-hidden /> Remove from the room
        </AskingItem>
      )}
    </Menu>
  );
}
