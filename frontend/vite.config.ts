// How the pages are built, served during development and tested.
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const sfuServer = 'http://localhost:3000';

// The SFU server answers signaling, the room API and the playlists on one origin, so development proxies all three.
const proxy = {
  '/socket.io': { target: sfuServer, ws: true },
  '/api': sfuServer,
  '/hls': sfuServer,
};

export default defineConfig({
  plugins: [react(), tailwindcss()],
  server: { port: 5173, strictPort: true, proxy },
  preview: { port: 4173, strictPort: true, proxy },
  build: {
    target: 'es2022',
    // The Watch page's chunk is hls.js, about 580 kB before compression.
    chunkSizeWarningLimit: 700,
  },
  test: {
    environment: 'jsdom',
    setupFiles: './src/test-setup.ts',
    restoreMocks: true,
    css: false,
  },
});
