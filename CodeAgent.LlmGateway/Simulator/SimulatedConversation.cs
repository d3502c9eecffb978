using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>
/// What the simulator needs to know of a request. It looks for that alone, in every protocol, so that a client may ask for
/// whatever else a provider would understand.
/// </summary>
internal sealed class SimulatedConversation
{
    private const int BytesPerToken = 4;

    private SimulatedConversation(JsonElement messages, IReadOnlyList<(bool IsAssistant, string Text)> turns)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(messages, SimulatedJson.Default.JsonElement);
        Id = Base64Url.EncodeToString(SHA256.HashData(text).AsSpan(0, 12));
        Tokens = (text.Length + BytesPerToken - 1) / BytesPerToken;

        // Clients put messages of their own before the user's (what the machine is like, rules), and some an answer to these.
        var first = turns.Select((turn, index) => (turn, index)).FirstOrDefault(at => !at.turn.IsAssistant && Script.IsIn(at.turn.Text)).index;
        ScriptMessage = turns.Count == 0 ? "" : turns[first].Text;
        Answers = turns.Skip(first).Count(turn => turn.IsAssistant);
    }

    /// <summary>The same for the same messages.</summary>
    public string Id { get; }

    /// <summary>An estimate: a token for each four bytes.</summary>
    public int Tokens { get; }

    /// <summary>How many turns of the assistant come after the script.</summary>
    public int Answers { get; }

    /// <summary>The text of the first message of the user with a script, or of the first of all.</summary>
    public string ScriptMessage { get; }

    /// <exception cref="ProblemException">400: there are no messages.</exception>
    public static SimulatedConversation Read(Protocol protocol, ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(WholeText.Of(body), new() { MaxDepth = 512 });
        var field = protocol switch { Protocol.Responses => "input", Protocol.Gemini => "contents", _ => "messages" };
        json.RootElement.TryGetProperty(field, out var messages);
        if (protocol == Protocol.Responses && messages.ValueKind == JsonValueKind.String)
        {
            return new(messages, [(false, messages.GetString()!)]);
        }

        if (messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() == 0 || messages.EnumerateArray().Any(message => message.ValueKind != JsonValueKind.Object))
        {
            throw new ProblemException("invalid-field", StatusCodes.Status400BadRequest, $"'{field}' must be a list of messages{(protocol == Protocol.Responses ? ", or a text" : "")}.") { Field = field };
        }

        return new(messages, protocol == Protocol.Responses ? Runs(messages) : [.. messages.EnumerateArray().Where(IsTurn).Select(message => (IsAssistant(message), Text(message)))]);
    }

    public static int TokensOf(string text) => (Encoding.UTF8.GetByteCount(text) + BytesPerToken - 1) / BytesPerToken;

    // One turn of the assistant may be several items here: reasoning, a message, calls of tools. They follow each other.
    private static List<(bool IsAssistant, string Text)> Runs(JsonElement items)
    {
        List<(bool IsAssistant, string Text)> turns = [];
        foreach (var item in items.EnumerateArray())
        {
            var (role, type) = (Value(item, "role"), Value(item, "type") ?? "message");
            if (role is "system" or "developer" || type == "item_reference")
            {
                continue;
            }

            var isAssistant = role == "assistant" || (role is null && !type.EndsWith("_output", StringComparison.Ordinal));
            if (!isAssistant || turns is not [.., (true, _)])
            {
                turns.Add((isAssistant, role == "user" ? Text(item) : ""));
            }
        }

        return turns;
    }

    private static bool IsTurn(JsonElement message) => Value(message, "role") is "user" or "assistant" or "model" or null;

    private static bool IsAssistant(JsonElement message) => Value(message, "role") is "assistant" or "model";

    private static string? Value(JsonElement message, string name) =>
        message.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    // "content": "text" or "content": [ { "type": "text", "text": "…" }, … ]; Gemini's list is called "parts".
    private static string Text(JsonElement message) =>
        !message.TryGetProperty("content", out var content) && !message.TryGetProperty("parts", out content) ? ""
        : content.ValueKind == JsonValueKind.String ? content.GetString()!
        : content.ValueKind != JsonValueKind.Array ? ""
        : string.Join('\n', content.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.Object ? Value(part, "text") : ""));
}

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class SimulatedJson : JsonSerializerContext;
