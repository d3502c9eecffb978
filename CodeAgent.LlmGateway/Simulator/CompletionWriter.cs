using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>Writes a step as a chat completion, whole or in the pieces in which a provider would stream it.</summary>
internal sealed class CompletionWriter(SimulatedConversation conversation, Step step, string model)
{
    private const int ArgumentsPiece = 24;

    // Source code reads better in a script's answers when its quotes and angle brackets are not escaped.
    private static readonly JsonTypeInfo<Completion> Json = (JsonTypeInfo<Completion>)new SimulatorJson(new JsonSerializerOptions(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    }).GetTypeInfo(typeof(Completion))!;

    private string FinishReason => step.Calls.Count > 0 ? "tool_calls" : "stop";

    public byte[] Whole()
    {
        var message = new Message { Role = "assistant", Content = step.Say, ToolCalls = step.Calls.Count == 0 ? null : [.. step.Calls.Select((call, index) => Call(call, index, call.Arguments))] };
        return JsonSerializer.SerializeToUtf8Bytes(
            Completion("chat.completion", [new(0) { Message = message, FinishReason = FinishReason }]) with { Usage = Usage() }, Json);
    }

    public IEnumerable<byte[]> Pieces()
    {
        yield return Piece(new Message { Role = "assistant", Content = step.Say is null ? null : "" });
        foreach (var words in Words(step.Say ?? ""))
        {
            yield return Piece(new Message { Content = words });
        }

        for (var index = 0; index < step.Calls.Count; index++)
        {
            var call = step.Calls[index];
            yield return Piece(new Message { ToolCalls = [Call(call, index, "") with { Index = index }] });
            foreach (var part in Parts(call.Arguments))
            {
                yield return Piece(new Message { ToolCalls = [new() { Index = index, Function = new(null, part) }] });
            }
        }

        yield return Event(Completion("chat.completion.chunk", [new(0) { Delta = new(), FinishReason = FinishReason }]));
        if (conversation.IncludeUsage)
        {
            yield return Event(Completion("chat.completion.chunk", []) with { Usage = Usage() });
        }

        yield return "data: [DONE]\n\n"u8.ToArray();
    }

    private static IEnumerable<string> Parts(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            // A character of two code units is one character on the wire.
            var end = Math.Min(text.Length, start + ArgumentsPiece);
            end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
            yield return text[start..end];
            start = end;
        }
    }

    // A word with the space before it.
    private static IEnumerable<string> Words(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var space = text.IndexOfAny([' ', '\n'], start + 1);
            var end = space < 0 ? text.Length : space;
            yield return text[start..end];
            start = end;
        }
    }

    private Call Call(ToolCall call, int index, string arguments) =>
        new() { Id = $"call_{conversation.Id}_{index}", Type = "function", Function = new(call.Name, arguments) };

    private byte[] Piece(Message delta) => Event(Completion("chat.completion.chunk", [new(0) { Delta = delta }]));

    private Completion Completion(string kind, IReadOnlyList<Choice> choices) => new($"chatcmpl-{conversation.Id}", kind, 0, model, choices);

    private static byte[] Event(Completion completion) => Encoding.UTF8.GetBytes($"data: {JsonSerializer.Serialize(completion, Json)}\n\n");

    private JsonElement Usage()
    {
        if (step.Usage is not { } told)
        {
            var answer = SimulatedConversation.TokensOf(step.Say ?? "") + step.Calls.Sum(call => SimulatedConversation.TokensOf(call.Name + call.Arguments));
            return JsonSerializer.SerializeToElement(new EstimatedUsage(conversation.Tokens, answer), SimulatorJson.Default.EstimatedUsage);
        }

        var usage = JsonObject.Create(told)!;
        usage["total_tokens"] ??= told.GetProperty("prompt_tokens").GetInt64() + told.GetProperty("completion_tokens").GetInt64();
        return JsonSerializer.SerializeToElement(usage, SimulatorJson.Default.JsonObject);
    }
}
