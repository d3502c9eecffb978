// A conversation with tools through Google's own client, streamed, and its count of tokens.
import { GoogleGenAI } from '@google/genai';

const client = new GoogleGenAI({ apiKey: process.env.GATEWAY_KEY, httpOptions: { baseUrl: process.env.GATEWAY } });
const tools = [{ functionDeclarations: [{ name: 'read', parametersJsonSchema: { type: 'object', properties: { path: { type: 'string' } } } }] }];

async function converse() {
  const contents = [{ role: 'user', parts: [{ text: process.env.PROMPT }] }];
  const called = [];
  for (;;) {
    const parts = [];
    let finish, usage;
    for await (const piece of await client.models.generateContentStream({ model: 'simulator', contents, config: { tools } })) {
      parts.push(...(piece.candidates?.[0]?.content?.parts ?? []));
      finish = piece.candidates?.[0]?.finishReason ?? finish;
      usage = piece.usageMetadata ?? usage;
    }
    contents.push({ role: 'model', parts });
    const calls = parts.filter(part => part.functionCall).map(part => part.functionCall);
    if (calls.length === 0) return { called, text: parts.map(part => part.text ?? '').join(''), finish, used: usage.totalTokenCount > 0 };
    contents.push({
      role: 'user',
      parts: calls.map(call => {
        called.push(`${call.name} ${JSON.stringify(call.args)}`);
        return { functionResponse: { id: call.id, name: call.name, response: { output: `the text of ${call.args.path}` } } };
      }),
    });
  }
}

async function refusal() {
  try {
    await client.models.generateContent({ model: 'no-such-model', contents: 'hi' });
    return 'answered';
  } catch (e) {
    return `${e.constructor.name} ${e.status}`;
  }
}

const count = await client.models.countTokens({ model: 'simulator', contents: 'one two three four' });
console.log(JSON.stringify({ gemini: await converse(), refusal: await refusal(), counted: count.totalTokens > 0 }));
