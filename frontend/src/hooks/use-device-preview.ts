// Camera and microphone before entering a room: what the person wants, and the tracks opened to look at it.
import { useCallback, useEffect, useRef, useState } from 'react';
import { captureIsPossible, openCamera, openCameraAndMicrophone, openMicrophone, type CaptureError } from '../sfu/capture';
import type { PreparedTracks } from '../sfu/local-media';

export interface DevicePreview {
  /** What shall be on in the room. */
  wanted: { camera: boolean; microphone: boolean };
  tracks: PreparedTracks;
  /** Nothing was opened yet, and the browser has asked nothing. */
  untouched: boolean;
  opening: boolean;
  problem?: string;
  open: () => Promise<void>;
  toggleCamera: () => Promise<void>;
  toggleMicrophone: () => Promise<void>;
  /** Hands the tracks over; from now on their new owner stops them. */
  take: () => PreparedTracks;
}

export function useDevicePreview(): DevicePreview {
  const [wanted, setWanted] = useState({ camera: captureIsPossible(), microphone: captureIsPossible() });
  const [tracks, setTracks] = useState<PreparedTracks>({});
  const [untouched, setUntouched] = useState(true);
  const [opening, setOpening] = useState(false);
  const [problem, setProblem] = useState<string>();
  const owned = useRef<PreparedTracks>({});
  const gone = useRef(false);

  const keep = useCallback((change: PreparedTracks) => {
    if (gone.current) {
      stop(change);
      return;
    }
    owned.current = { ...owned.current, ...change };
    setTracks(owned.current);
  }, []);

  useEffect(() => {
    gone.current = false;
    return () => {
      gone.current = true;
      stop(owned.current);
      owned.current = {};
    };
  }, []);

  const open = async () => {
    setUntouched(false);
    setOpening(true);
    const { camera, microphone, problems } = await openCameraAndMicrophone();
    keep({ camera, microphone });
    setWanted({ camera: Boolean(camera), microphone: Boolean(microphone) });
    setProblem(problems.map(({ message }) => message).join(' ') || undefined);
    setOpening(false);
  };

  const toggle = async (device: 'camera' | 'microphone', openTrack: () => Promise<MediaStreamTrack>) => {
    const on = !wanted[device];
    setWanted((before) => ({ ...before, [device]: on }));
    // Before the first look a toggle only says what is wanted later; nothing is asked.
    if (untouched) return;
    setProblem(undefined);
    if (!on) {
      tracks[device]?.stop();
      keep({ [device]: undefined });
      return;
    }
    try {
      keep({ [device]: await openTrack() });
    } catch (error) {
      setProblem((error as CaptureError).message);
      setWanted((before) => ({ ...before, [device]: false }));
    }
  };

  return {
    wanted,
    tracks,
    untouched,
    opening,
    problem,
    open,
    toggleCamera: () => toggle('camera', openCamera),
    toggleMicrophone: () => toggle('microphone', openMicrophone),
    take: () => {
      const taken = owned.current;
      owned.current = {};
      return taken;
    },
  };
}

function stop({ camera, microphone }: PreparedTracks): void {
  camera?.stop();
  microphone?.stop();
}
