import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Crisp } from 'crisp-api';
import { expect, onTestFinished, test } from 'vitest';

const MAIN = new URL('../../../lib/local/simulator/main.ts', import.meta.url).pathname;

test('started by itself, the simulator prints all that a client needs and ends on SIGTERM', async () => {
  const options = [
    '--port',
    '0',
    '--conversations',
    '3',
    '--messages',
    '30',
    '--switch',
    'messagesPageSize=7',
  ];
  const child = spawn(process.execPath, [MAIN, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const { url, website_ids, tier, token_identifier, token_key } = JSON.parse(String(line));
  const client = new Crisp();
  client.setRestHost(url);
  client.authenticateTier(tier, token_identifier, token_key);

  const conversations = await client.website.listConversations(website_ids[0]);
  const messages = await client.website.getMessagesInConversation(
    website_ids[0],
    conversations[0]?.session_id ?? '',
  );
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');

  expect(conversations).toHaveLength(3);
  expect(messages).toHaveLength(7);
  expect(code).toBe(0);
});
