// Somebody to look at: a drawn person before a wall, in place of the fake camera's plain colour.

export interface Looks {
  /** From top to bottom. */
  wall: readonly [string, string];
  skin: string;
  hair: string;
  shirt: string;
  hairstyle: 'bun' | 'short' | 'beard' | 'parted';
}

export const people: readonly (Looks & { name: string; muted: boolean })[] = [
  { name: 'Ada', muted: false, wall: ['#3d4a74', '#1d2440'], skin: '#e8b998', hair: '#3a2418', shirt: '#7c3f58', hairstyle: 'bun' },
  { name: 'Grace', muted: true, wall: ['#4d6b62', '#22352f'], skin: '#f0c8ab', hair: '#8d8f96', shirt: '#25324f', hairstyle: 'short' },
  { name: 'Edsger', muted: true, wall: ['#7a5a43', '#3a281d'], skin: '#e6b48f', hair: '#6b5a4a', shirt: '#4c6b8a', hairstyle: 'beard' },
  { name: 'Alan', muted: true, wall: ['#5a4f74', '#292338'], skin: '#edc0a0', hair: '#2a1c14', shirt: '#5d6d4e', hairstyle: 'parted' },
];

/** Runs in the page, before it asks for a camera. */
export function sittingBeforeCamera({ wall, skin, hair, shirt, hairstyle }: Looks): void {
  const WIDTH = 640;
  const HEIGHT = 360;
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const pen = canvas.getContext('2d')!;
  const ellipse = (colour: string, x: number, y: number, rx: number, ry: number, from = 0, to = 2 * Math.PI) => {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.ellipse(x, y, rx, ry, 0, from, to);
    pen.fill();
  };
  const paint = () => {
    const backdrop = pen.createLinearGradient(0, 0, 0, HEIGHT);
    backdrop.addColorStop(0, wall[0]);
    backdrop.addColorStop(1, wall[1]);
    pen.fillStyle = backdrop;
    pen.fillRect(0, 0, WIDTH, HEIGHT);

    // Nobody sits quite still.
    const x = WIDTH / 2 + 4 * Math.sin(performance.now() / 900);
    ellipse(shirt, x, 390, 170, 140);
    pen.fillStyle = skin;
    pen.fillRect(x - 26, 210, 52, 60);
    ellipse(skin, x, 262, 44, 20);
    if (hairstyle === 'bun') ellipse(hair, x, 62, 36, 32);
    ellipse(hair, x, 148, 80, 88);
    ellipse(skin, x, 168, 66, 80);
    if (hairstyle === 'beard') {
      ellipse(hair, x, 196, 67, 62);
      ellipse(skin, x, 154, 62, 62);
      ellipse(skin, x, 208, 26, 14);
    }
    if (hairstyle === 'bun') ellipse(hair, x, 92, 62, 26);
    if (hairstyle === 'short') ellipse(hair, x, 112, 72, 24);
    if (hairstyle === 'beard') ellipse(hair, x, 98, 66, 24);
    if (hairstyle === 'parted') {
      ellipse(hair, x, 100, 68, 28);
      ellipse(hair, x - 28, 116, 52, 26);
    }
    for (const side of [-1, 1]) ellipse('#2b2320', x + side * 25, 162, 6, 7);
    pen.strokeStyle = '#8c4a3f';
    pen.lineWidth = 5;
    pen.lineCap = 'round';
    pen.beginPath();
    pen.arc(x, 190, 22, 0.22 * Math.PI, 0.78 * Math.PI);
    pen.stroke();
  };
  setInterval(paint, 66);

  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (wanted) => {
    const stream = await real(wanted);
    for (const camera of stream.getVideoTracks()) {
      camera.stop();
      stream.removeTrack(camera);
      for (const drawn of canvas.captureStream(15).getVideoTracks()) stream.addTrack(drawn);
    }
    return stream;
  };
}
