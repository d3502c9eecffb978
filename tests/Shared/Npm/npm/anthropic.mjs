// A conversation with tools through Anthropic's own client, streamed, and its count of tokens.
import Anthropic from '@anthropic-ai/sdk';

const client = new Anthropic({ baseURL: process.env.GATEWAY, apiKey: process.env.GATEWAY_KEY, maxRetries: 0 });
const tools = [{ name: 'read', input_schema: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] } }];

async function converse() {
  const messages = [{ role: 'user', content: process.env.PROMPT }];
  const called = [];
  for (;;) {
    const answer = await client.messages.stream({ model: 'simulator', max_tokens: 1000, messages, tools }).finalMessage();
    messages.push({ role: 'assistant', content: answer.content });
    if (answer.stop_reason !== 'tool_use') {
      const text = answer.content.filter(block => block.type === 'text').map(block => block.text).join('');
      return { called, text, finish: answer.stop_reason, used: answer.usage.input_tokens > 0 && answer.usage.output_tokens > 0 };
    }
    messages.push({
      role: 'user',
      content: answer.content.filter(block => block.type === 'tool_use').map(block => {
        called.push(`${block.name} ${JSON.stringify(block.input)}`);
        return { type: 'tool_result', tool_use_id: block.id, content: `the text of ${block.input.path}` };
      }),
    });
  }
}

async function refusal() {
  try {
    await client.messages.create({ model: 'no-such-model', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] });
    return 'answered';
  } catch (e) {
    return `${e.constructor.name} ${e.status} ${e.error?.error?.type}`;
  }
}

const count = await client.messages.countTokens({ model: 'simulator', messages: [{ role: 'user', content: 'one two three four' }] });
console.log(JSON.stringify({ messages: await converse(), refusal: await refusal(), counted: count.input_tokens > 0 }));
