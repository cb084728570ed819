// What only a browser can show of the Watch page: what is seen, what can be pressed, and by whom.
import { ada } from '../harness/person';
import { expect, test } from '../harness/test';

test('the controls leave a viewer who sits back alone with the picture, and pointer, finger and keyboard bring them back', async ({
  enter,
  watch,
}) => {
  const viewer = await watch(await (await enter(ada)).createRoom(), { hasTouch: true });
  await viewer.playsSteadily();
  const { page, controls, state } = viewer;
  const seen = () => expect(controls).toHaveCSS('opacity', '1');
  const gone = () => expect(controls).toHaveCSS('opacity', '0');
  const pause = controls.getByRole('button', { name: 'Pause' });
  await gone();
  await expect(page.getByTestId('live-badge')).toBeInViewport();

  await state.hover();
  await seen();
  await gone();

  // A finger that calls the controls up must not press what was not to be seen.
  const { x, y } = (await pause.boundingBox())!;
  await page.touchscreen.tap(x + 10, y + 10);
  await seen();
  await expect(pause).toBeVisible();
  await gone();

  await page.keyboard.press('Tab');
  await pause.focus();
  await seen();
  await viewer.advances(4);
  await seen();
  await pause.blur();
  await gone();

  await page.keyboard.press('Space');
  await seen();
  await expect(controls.getByRole('button', { name: 'Play' })).toBeVisible();
});
