// Full screen and picture in picture, each with what the browser at hand offers.

/** iPhones put only the video itself on the full screen. */
interface SafariVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

export function fullScreenIsPossible(): boolean {
  return document.fullscreenEnabled || 'webkitEnterFullscreen' in HTMLVideoElement.prototype;
}

export function pictureInPictureIsPossible(): boolean {
  return document.pictureInPictureEnabled;
}

export function toggleFullScreen(frame: HTMLElement | null, video: SafariVideo | null): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (frame && 'requestFullscreen' in frame) frame.requestFullscreen().catch(() => undefined);
  else video?.webkitEnterFullscreen?.();
}

export function togglePictureInPicture(video: HTMLVideoElement | null): void {
  if (!video || !pictureInPictureIsPossible()) return;
  const change = document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture();
  // Refused before the first picture; the button can be pressed again.
  change.catch(() => undefined);
}
