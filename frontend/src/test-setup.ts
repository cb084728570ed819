// Before every test file: matchers for the DOM, and what jsdom lacks.
import '@testing-library/jest-dom/vitest';
import { cleanup } from '@testing-library/react';
import { afterEach, vi } from 'vitest';

afterEach(cleanup);

// A stream is only handed to `srcObject` in these tests, never looked into.
vi.stubGlobal('MediaStream', vi.fn());

Element.prototype.scrollIntoView = vi.fn();
