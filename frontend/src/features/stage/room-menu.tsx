// What a host may do about the room as a whole.
import { Check, Lock, LockOpen, PhoneOff, SlidersHorizontal } from 'lucide-react';
import { AskingItem, Menu, MenuItem } from '../../components/menu';
import type { HostControls } from '../../sfu/host-controls';
import type { LayoutName, RoomSettings } from '../../signaling/generated';

const LAYOUTS: Record<LayoutName, string> = { auto: 'Auto', grid: 'Grid', speaker: 'Speaker', spotlight: 'Spotlight' };

export function RoomMenu({ controls, settings }: { controls: HostControls; settings: RoomSettings }) {
  const { locked, layout } = settings;

  return (
    <Menu
      label="Manage the room"
      data-testid="room-menu"
      face={
        <>
          <SlidersHorizontal size={16} aria-hidden /> Room
        </>
      }
      className="inline-flex items-center justify-center gap-2 rounded-xl bg-raised/80 px-3 py-2 text-sm font-medium hover:bg-line"
    >
      <MenuItem onSelect={() => controls.lock(!locked)} data-testid="lock-room">
        {locked ? <LockOpen size={16} aria-hidden /> : <Lock size={16} aria-hidden />}
        {locked ? 'Unlock the room' : 'Lock the room'}
      </MenuItem>
      <div role="group" aria-label="Layout of the broadcast" className="my-1.5 border-y border-line py-1.5">
        <p aria-hidden className="px-3 pt-1 pb-1.5 text-xs text-faint">
          Layout of the broadcast
        </p>
        {(Object.keys(LAYOUTS) as LayoutName[]).map((name) => (
          <MenuItem key={name} checked={name === layout} onSelect={() => controls.setLayout(name)} data-testid={`layout-${name}`}>
            <Check size={16} aria-hidden className={name === layout ? '' : 'invisible'} /> {LAYOUTS[name]}
          </MenuItem>
        ))}
      </div>
      <AskingItem question="End the call for everybody?" answer="End the call" onConfirm={controls.end} data-testid="end-room">
        <PhoneOff size={16} aria-hidden /> End the call for everybody
      </AskingItem>
    </Menu>
  );
}
