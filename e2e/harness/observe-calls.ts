// Runs in every page before its own scripts: remembers peer connections and acknowledgements, changes nothing.

export function observeCalls(): void {
  const calls: ObservedCalls = { connections: [], negotiations: 0, produced: [], ask, hangUp: () => socket?.close() };
  let socket: WebSocket | undefined;
  let asked = 0;
  window.__calls = calls;

  /** Far beyond the ids of the page's own events. */
  function ask(event: string, payload: object): Promise<unknown> {
    const id = String(1_000_000 + (asked += 1));
    return new Promise((resolve) => {
      socket?.addEventListener('message', ({ data }) => {
        if (typeof data === 'string' && data.startsWith(`43${id}`)) resolve(JSON.parse(data.slice(2 + id.length)));
      });
      socket?.send(`42${id}${JSON.stringify([event, payload])}`);
    });
  }

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
      if (String(url).includes('/socket.io/')) socket = this;
      this.addEventListener('message', ({ data }) => {
        // Only `produce` is acknowledged with an id and nothing else.
        if (typeof data === 'string' && /^43\d+\[\{"id":"[^"]+"\}\]$/.test(data)) calls.produced.push(Date.now());
      });
    }
  };
}
