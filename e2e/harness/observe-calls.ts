// Runs in every page before its own scripts: remembers peer connections and acknowledgements, changes nothing.

export function observeCalls(): void {
  const calls: ObservedCalls = { connections: [], negotiations: 0, produced: [] };
  window.__calls = calls;

  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      calls.connections.push(this);
    }

    override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
      calls.negotiations += 1;
      return super.setRemoteDescription(description);
    }
  };

  window.WebSocket = class extends WebSocket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      this.addEventListener('message', ({ data }) => {
        // Only `produce` is acknowledged with an id and nothing else.
        if (typeof data === 'string' && /^43\d+\[\{"id":"[^"]+"\}\]$/.test(data)) calls.produced.push(Date.now());
      });
    }
  };
}
