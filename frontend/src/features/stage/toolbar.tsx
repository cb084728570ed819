// The buttons of a call.
import { Camera, CameraOff, Mic, MicOff, MonitorUp, MonitorX, PhoneOff } from 'lucide-react';
import type { ReactNode } from 'react';
import { captureIsPossible } from '../../sfu/capture';
import type { Session } from '../../sfu/session';
import type { LocalSource, SessionState } from '../../sfu/session-state';

interface Props {
  session: Session;
  state: SessionState;
  onLeave: () => void;
}

export function Toolbar({ session, state, onLeave }: Props) {
  const { camera, microphone, screen } = state;
  const sends = state.role === 'publisher';
  // Phones have no screen capture at all.
  const screenIsPossible = captureIsPossible() && 'getDisplayMedia' in navigator.mediaDevices;

  return (
    <footer className="flex justify-center px-4 pt-3 pb-[max(1rem,env(safe-area-inset-bottom))]">
      <div role="group" aria-label="Your devices and the way out" className="flex items-center gap-2 rounded-full border border-line bg-panel p-2 shadow-xl shadow-black/40 sm:gap-3">
        {sends && (
          <>
            <DeviceButton source={microphone} name="microphone" onToggle={session.setMicrophone}>
              {microphone.state === 'on' ? <Mic size={21} aria-hidden /> : <MicOff size={21} aria-hidden />}
            </DeviceButton>
            <DeviceButton source={camera} name="camera" onToggle={session.setCamera}>
              {camera.state === 'on' ? <Camera size={21} aria-hidden /> : <CameraOff size={21} aria-hidden />}
            </DeviceButton>
          </>
        )}
        {sends && screenIsPossible && (
          <DeviceButton source={screen} name="screen" onToggle={session.setScreen}>
            {screen.state === 'on' ? <MonitorX size={21} aria-hidden /> : <MonitorUp size={21} aria-hidden />}
          </DeviceButton>
        )}
        <button
          type="button"
          data-testid="leave"
          aria-label="Leave the room"
          title="Leave the room"
          onClick={onLeave}
          className="grid h-12 w-16 place-items-center rounded-full bg-live text-ink transition-colors hover:bg-live/85"
        >
          <PhoneOff size={21} aria-hidden />
        </button>
      </div>
    </footer>
  );
}

const BUTTONS = {
  microphone: { label: 'Microphone', on: 'Mute the microphone', off: 'Turn the microphone on' },
  camera: { label: 'Camera', on: 'Turn the camera off', off: 'Turn the camera on' },
  screen: { label: 'Share the screen', on: 'Stop sharing the screen', off: 'Share the screen' },
};

interface DeviceButtonProps {
  source: LocalSource;
  name: keyof typeof BUTTONS;
  onToggle: (on: boolean) => Promise<void>;
  children: ReactNode;
}

function DeviceButton({ source, name, onToggle, children }: DeviceButtonProps) {
  const on = source.state === 'on';
  const { label, ...actions } = BUTTONS[name];
  // A shared screen is the exception, so "on" is what stands out; for the other two it is "off".
  const look = name === 'screen' ? (on ? 'bg-accent text-ink' : 'bg-raised hover:bg-line') : on ? 'bg-raised hover:bg-line' : 'bg-live/20 text-live hover:bg-live/30';

  return (
    <button
      type="button"
      data-testid={`toggle-${name}`}
      // The name stays while `pressed` changes: "Mute, pressed" would leave open which of the two holds.
      aria-pressed={on}
      aria-label={label}
      title={on ? actions.on : actions.off}
      disabled={source.state === 'changing'}
      onClick={() => void onToggle(!on)}
      className={`grid size-12 place-items-center rounded-full transition-colors disabled:animate-pulse ${look}`}
    >
      {children}
    </button>
  );
}
