// A conversation with tools through OpenAI's own client: chat completions, then responses, each streamed.
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: `${process.env.GATEWAY}/v1`, apiKey: process.env.GATEWAY_KEY, maxRetries: 0 });
const prompt = process.env.PROMPT;
const parameters = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'], additionalProperties: false };
const read = args => `the text of ${JSON.parse(args).path}`;

async function chat() {
  const messages = [{ role: 'user', content: prompt }];
  const called = [];
  for (;;) {
    const stream = client.chat.completions.stream({
      model: 'simulator', messages, stream_options: { include_usage: true },
      tools: [{ type: 'function', function: { name: 'read', parameters } }],
    });
    const { choices: [{ message, finish_reason }], usage } = await stream.finalChatCompletion();
    messages.push(message);
    if (finish_reason !== 'tool_calls') return { called, text: message.content, finish: finish_reason, used: usage.total_tokens > 0 };
    for (const call of message.tool_calls) {
      called.push(`${call.function.name} ${call.function.arguments}`);
      messages.push({ role: 'tool', tool_call_id: call.id, content: read(call.function.arguments) });
    }
  }
}

async function responses() {
  const input = [{ role: 'user', content: prompt }];
  const called = [];
  for (;;) {
    const stream = client.responses.stream({
      model: 'simulator', input, store: false, tools: [{ type: 'function', name: 'read', parameters, strict: true }],
    });
    const answer = await stream.finalResponse();
    const calls = answer.output.filter(item => item.type === 'function_call');
    if (calls.length === 0) return { called, text: answer.output_text, finish: answer.status, used: answer.usage.total_tokens > 0 };
    for (const call of calls) {
      called.push(`${call.name} ${call.arguments}`);
      input.push({ type: 'function_call', call_id: call.call_id, name: call.name, arguments: call.arguments });
    }
    for (const call of calls) {
      input.push({ type: 'function_call_output', call_id: call.call_id, output: read(call.arguments) });
    }
  }
}

async function refusal() {
  try {
    await client.chat.completions.create({ model: 'no-such-model', messages: [{ role: 'user', content: 'hi' }] });
    return 'answered';
  } catch (e) {
    return `${e.constructor.name} ${e.status} ${e.code}`;
  }
}

const embedding = await client.embeddings.create({ model: 'simulator', input: ['one', 'two'] });
console.log(JSON.stringify({
  models: (await client.models.list()).data.map(model => model.id),
  chat: await chat(), responses: await responses(), refusal: await refusal(),
  embeddings: embedding.data.map(item => item.embedding.length > 0),
}));
