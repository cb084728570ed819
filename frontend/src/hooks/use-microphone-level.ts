// How loud a microphone is, from 0 to 1, about fifteen times a second.
import { useEffect, useState } from 'react';

const EVERY_MS = 66;

export function useMicrophoneLevel(track: MediaStreamTrack | undefined): number {
  const [level, setLevel] = useState(0);

  useEffect(() => {
    if (!track) return;
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
      // The square root twice: once for RMS, once so that quiet speech is visible too.
      setLevel(Math.min(1, Math.sqrt(Math.sqrt(power)) * 1.4));
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      void context.close();
      setLevel(0);
    };
  }, [track]);

  return level;
}
