import { render } from 'preact';

render(<p>crisp-enrich</p>, document.body);
