import { render } from 'preact';
import { App } from './app.tsx';
import { follow, openSession } from './live.ts';
import { applyTheme } from './theme.tsx';

applyTheme();
// What is drawn before the session is there says that it is being opened.
const opened = openSession();
render(<App opened={opened} />, document.body);
void opened.then(follow);
