// Looks at camera and microphone before entering a room. Nothing is asked of the browser before the person clicks.
import { Camera, CameraOff, Eye, Mic, MicOff } from 'lucide-react';
import type { ReactNode } from 'react';
import type { DevicePreview as Preview } from '../hooks/use-device-preview';
import { useMicrophoneLevel } from '../hooks/use-microphone-level';
import { useTrack } from '../hooks/use-track';
import { captureIsPossible, INSECURE_ORIGIN } from '../sfu/capture';
import { Button } from './button';

export function DevicePreview({ preview }: { preview: Preview }) {
  const video = useTrack<HTMLVideoElement>(preview.tracks.camera);
  const level = useMicrophoneLevel(preview.tracks.microphone);
  const possible = captureIsPossible();
  const problem = possible ? preview.problem : INSECURE_ORIGIN;

  return (
    <div>
      <div className="relative aspect-video overflow-hidden rounded-2xl border border-line bg-ink">
        <video
          ref={video}
          autoPlay
          muted
          playsInline
          aria-label="Your camera"
          className={`size-full -scale-x-100 object-cover ${preview.tracks.camera ? '' : 'hidden'}`}
        />
        {!preview.tracks.camera && (
          <div className="absolute inset-0 grid place-items-center bg-[radial-gradient(circle_at_50%_35%,var(--color-raised),var(--color-ink))] pb-10 text-faint">
            {preview.untouched && possible ? (
              <Button look="small" onClick={() => void preview.open()} data-testid="open-preview">
                <Eye size={17} aria-hidden /> Check camera and microphone
              </Button>
            ) : (
              <CameraOff size={34} aria-hidden />
            )}
          </div>
        )}
        <div className="absolute inset-x-3 bottom-3 flex items-center gap-2">
          <Toggle on={preview.wanted.microphone} disabled={!possible} label="Microphone" onClick={() => void preview.toggleMicrophone()}>
            {preview.wanted.microphone ? <Mic size={18} aria-hidden /> : <MicOff size={18} aria-hidden />}
          </Toggle>
          <Toggle on={preview.wanted.camera} disabled={!possible} label="Camera" onClick={() => void preview.toggleCamera()}>
            {preview.wanted.camera ? <Camera size={18} aria-hidden /> : <CameraOff size={18} aria-hidden />}
          </Toggle>
          {preview.tracks.microphone && <Meter level={level} />}
        </div>
      </div>
      <p role="status" className={`mt-3 min-h-5 text-sm leading-relaxed ${problem ? 'text-warn' : 'text-faint'}`}>
        {problem ?? (preview.opening ? 'Answer the question of your browser.' : 'Both can be turned on and off in the room.')}
      </p>
    </div>
  );
}

interface ToggleProps {
  on: boolean;
  disabled: boolean;
  label: string;
  onClick: () => void;
  children: ReactNode;
}

function Toggle({ on, disabled, label, onClick, children }: ToggleProps) {
  return (
    <button
      type="button"
      aria-pressed={on}
      aria-label={label}
      title={on ? `${label} will be on` : `${label} will be off`}
      disabled={disabled}
      onClick={onClick}
      className={`grid size-10 place-items-center rounded-full backdrop-blur transition-colors disabled:cursor-not-allowed disabled:opacity-60 ${
        on ? 'bg-black/45 text-white ring-1 ring-white/30 hover:bg-black/65' : 'bg-live text-ink hover:bg-live/85'
      }`}
    >
      {children}
    </button>
  );
}

function Meter({ level }: { level: number }) {
  return (
    <div
      role="meter"
      aria-label="Microphone level"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(level * 100)}
      className="ml-auto h-1.5 w-28 overflow-hidden rounded-full bg-black/45"
    >
      <div className="h-full rounded-full bg-calm transition-[width] duration-75" style={{ width: `${level * 100}%` }} />
    </div>
  );
}
