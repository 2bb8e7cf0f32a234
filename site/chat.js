// The chat page: joins the connection (chat-link.js) and the log (chat-log.js) to forms and buttons.
import { byId, countCharacters, make, socketUrl } from './dom.js';
import { ChatLink } from './chat-link.js';
import { ChatLog, colourClass, makeAvatar } from './chat-log.js';

const NAME_MAX = 32;
const TEXT_MAX = 2000;
const COUNT_FROM = 1800;
const NAME_KEY = 'weft-chat-name';
const TITLE = document.title;

const log = new ChatLog({
  scroller: byId('log'),
  list: byId('entries'),
  jump: byId('jump'),
  onUnread: (count) => { document.title = count ? `(${count}) ${TITLE}` : TITLE; },
});

let myName = '';
let users = null;  // null: not told yet, so nobody can be said to have come or gone.
let joined = false;
let countdownTimer = 0;

const link = new ChatLink(socketUrl('/chat'), {
  onState: showState,
  onSignedIn: showSignedIn,
  onMessage: (message) => log.addMessage(message),
  onUsers: showUsers,
  onError: showError,
  onLost: giveBack,
});

// ---- Signing in and out ----

/** A browser that blocks storage throws at its mere mention: then a reload asks for the name again. */
function keepName(name) {
  try {
    if (name) sessionStorage.setItem(NAME_KEY, name);
    else sessionStorage.removeItem(NAME_KEY);
  } catch {
    // The chat works without.
  }
}

function keptName() {
  try {
    return sessionStorage.getItem(NAME_KEY);
  } catch {
    return null;
  }
}

function nameProblem(name) {
  if (!name) return 'Please enter a name.';
  const count = countCharacters(name);
  return count > NAME_MAX ? `A name has up to ${NAME_MAX} characters; this one has ${count}.` : '';
}

function signIn(name) {
  const problem = nameProblem(name);
  byId('sign-in-error').textContent = problem;
  byId('name').setAttribute('aria-invalid', String(problem !== ''));
  if (problem) {
    byId('name').focus();
    return;
  }
  keepName(name);
  byId('sign-in').hidden = true;
  byId('room').hidden = false;
  byId('text').focus();
  link.signIn(name);
}

function signOut(problem = '') {
  link.leave();
  keepName('');
  joined = false;
  users = null;
  log.clear();
  renderUsers([]);
  showPeople(false);
  hideAlert();
  byId('room').hidden = true;
  byId('sign-in').hidden = false;
  byId('sign-in-error').textContent = problem;
  byId('name').setAttribute('aria-invalid', String(problem !== ''));
  byId('name').focus();
}

function showSignedIn({ name, date, wanted, rejected }) {
  myName = name;
  users = null;
  const greeting = joined ? 'Back online as ' : 'You joined as ';
  joined = true;
  log.addNotice([greeting, { name }, '.'], { kind: 'good', date });
  if (rejected) {
    log.addNotice(['“', { name: wanted }, '” is in use, so the server named you ', { name }, '.'],
      { kind: 'warn' });
  }
}

// ---- The connection's state ----

const stateTexts = {
  idle: 'Signed out',
  connecting: 'Connecting …',
  online: 'Online',
  waiting: 'Connection lost.',
  offline: 'No network. Waiting for it to return.',
};

function showState({ state, retryAt, networkGone }) {
  byId('bar').dataset.state = state;
  const doubt = state === 'online' && networkGone ? ', but your device reports no network' : '';
  byId('status').textContent = stateTexts[state] + doubt;
  byId('retry').hidden = state !== 'waiting' && state !== 'offline';
  byId('send').disabled = state !== 'online';
  clearInterval(countdownTimer);
  byId('countdown').textContent = '';
  if (state === 'waiting' || state === 'offline') {
    if (users) log.addNotice(['The connection was lost.'], { kind: 'warn' });
    users = null;
    renderUsers([]);
  }
  if (state === 'waiting') {
    showCountdown(retryAt);
    countdownTimer = setInterval(showCountdown, 250, retryAt);
  }
}

function showCountdown(retryAt) {
  const left = Math.max(0, Math.ceil((retryAt - Date.now()) / 1000));
  byId('countdown').textContent = `Reconnecting in ${left} s`;
}

function showError(text) {
  if (!joined) {
    signOut(text);
    return;
  }
  byId('alert-text').textContent = text;
  byId('alert').hidden = false;
}

function hideAlert() {
  byId('alert').hidden = true;
  byId('alert-text').textContent = '';
}

// ---- People ----

function showUsers(names) {
  if (users) {
    const before = new Set(users);
    const after = new Set(names);
    for (const name of names) if (!before.has(name)) log.addNotice([{ name }, ' joined.']);
    for (const name of users) if (!after.has(name)) log.addNotice([{ name }, ' left.']);
  }
  users = names;
  renderUsers(names);
}

function renderUsers(names) {
  byId('people-count').textContent = names.length;
  byId('users').replaceChildren(...names.map((name) => {
    const entry = make('li', colourClass(name));
    entry.append(makeAvatar(name), make('bdi', 'name', name));
    if (name === myName) entry.append(make('span', 'you', ' (you)'));
    return entry;
  }));
}

function showPeople(open) {
  byId('people').classList.toggle('open', open);
  byId('people-toggle').setAttribute('aria-expanded', String(open));
}

// ---- Writing ----

function sendText() {
  const box = byId('text');
  const text = box.value.trim();
  if (!text) return;
  const count = countCharacters(text);
  if (count > TEXT_MAX) {
    showError(`A message has up to ${TEXT_MAX} characters; this one has ${count}. Nothing was sent.`);
  } else if (link.sendText(text)) {
    box.value = '';
    hideAlert();
  } else {
    showError('Not connected. Your text stays here until you send it again.');
  }
  textChanged();
}

/** Texts that the server has not confirmed return to the box: only the writer decides to send them again. */
function giveBack(texts) {
  const box = byId('text');
  box.value = [...texts, box.value].filter(Boolean).join('\n');
  textChanged();
  showError('The server has not confirmed your last text. It is back in the box.');
}

function textChanged() {
  const box = byId('text');
  const count = countCharacters(box.value.trim());
  byId('text-count').textContent = count >= COUNT_FROM ? `${count} of ${TEXT_MAX}` : '';
  byId('text-count').classList.toggle('error-text', count > TEXT_MAX);
  box.rows = Math.min(6, Math.max(1, box.value.split('\n').length));
}

// ---- Wiring ----

byId('sign-in').addEventListener('submit', (event) => {
  event.preventDefault();
  signIn(byId('name').value.trim());
});
byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  sendText();
  byId('text').focus();
});
byId('text').addEventListener('input', textChanged);
byId('text').addEventListener('keydown', (event) => {
  // While a word is being composed (Japanese, for one), Enter ends the word, not the message.
  if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  sendText();
});
byId('retry').addEventListener('click', () => {
  link.retryNow();
  byId('text').focus();
});
byId('leave').addEventListener('click', () => signOut());
byId('alert-close').addEventListener('click', () => {
  hideAlert();
  byId('text').focus();
});
byId('people-toggle').addEventListener('click', () => {
  showPeople(byId('people-toggle').getAttribute('aria-expanded') === 'false');
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || event.isComposing) return;
  if (byId('people').classList.contains('open')) {
    showPeople(false);
    byId('people-toggle').focus();
  } else {
    hideAlert();
  }
});

const nameBefore = keptName();
if (nameBefore) {
  byId('name').value = nameBefore;
  signIn(nameBefore);
} else {
  byId('name').focus();
}
