// The addresses of the console and the page that each one shows.

import { inspectorPage } from './inspector.js';
import { journeyForm } from './journey-form.js';
import { journeyList } from './journeys.js';
import { pendingPage } from './pending.js';
import { tailPage } from './tail.js';
import { trafficPage } from './traffic.js';
import { webhookForm } from './webhook-form.js';
import { webhookList } from './webhooks.js';

export const HOME = '#/webhooks';

export const NAVIGATION = [
  ['Webhooks', HOME, webhookList],
  ['Journeys', '#/journeys', journeyList],
  ['Live tail', '#/tail', tailPage],
  ['Traffic', '#/traffic', trafficPage],
  ['Pending', '#/pending', pendingPage],
  ['Inspector', '#/inspector', inspectorPage],
];

// Title, address, page, part of the navigation. Not `#/webhooks/new`: a webhook may have the id `new`.
const CREATING = [
  ['New webhook', '#/new-webhook', webhookForm, HOME],
  ['New journey', '#/new-journey', journeyForm, '#/journeys'],
];

const EDITING = [
  ['Webhook', '#/webhooks/', webhookForm, HOME],
  ['Journey', '#/journeys/', journeyForm, '#/journeys'],
];

/** The page of an address, with the id it names; undefined where there is none. */
export function match(hash) {
  const [path] = hash.split('?');
  for (const [title, address, make] of NAVIGATION) {
    if (path === address) return { title, make, section: address, whole: true };
  }
  for (const [title, address, make, section] of CREATING) {
    if (path === address) return { title, make, section };
  }
  for (const [title, stem, make, section] of EDITING) {
    if (path.startsWith(stem) && path.length > stem.length) return { title, make, section, id: decode(path.slice(stem.length)) };
  }
  return undefined;
}

function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
