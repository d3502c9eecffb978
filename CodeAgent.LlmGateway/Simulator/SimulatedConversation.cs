using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>What the simulator needs to know of a request.</summary>
internal sealed class SimulatedConversation
{
    private const int BytesPerToken = 4;

    private SimulatedConversation(JsonElement messages, bool includeUsage)
    {
        var text = JsonSerializer.SerializeToUtf8Bytes(messages, SimulatorJson.Default.JsonElement);
        Id = Base64Url.EncodeToString(SHA256.HashData(text).AsSpan(0, 12));
        Tokens = (text.Length + BytesPerToken - 1) / BytesPerToken;
        Answers = messages.EnumerateArray().Count(message => Role(message) == "assistant");
        FirstMessage = messages.EnumerateArray().Where(message => Role(message) == "user").Select(Text).FirstOrDefault() ?? "";
        IncludeUsage = includeUsage;
    }

    /// <summary>The same for the same messages.</summary>
    public string Id { get; }

    /// <summary>An estimate: a token for each four bytes.</summary>
    public int Tokens { get; }

    /// <summary>How many messages of the assistant there are.</summary>
    public int Answers { get; }

    /// <summary>The text of the first message of the user.</summary>
    public string FirstMessage { get; }

    /// <summary>Whether a stream is to end with what was used.</summary>
    public bool IncludeUsage { get; }

    /// <exception cref="ProblemException">400: there are no messages.</exception>
    public static SimulatedConversation Read(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(body, new() { MaxDepth = 512 });
        var root = json.RootElement;
        if (!root.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array
            || messages.GetArrayLength() == 0 || messages.EnumerateArray().Any(message => message.ValueKind != JsonValueKind.Object))
        {
            throw new ProblemException("invalid-field", StatusCodes.Status400BadRequest, "'messages' must be a list of messages.") { Field = "messages" };
        }

        return new(messages, root.TryGetProperty("stream_options", out var options) && options.ValueKind == JsonValueKind.Object
            && options.TryGetProperty("include_usage", out var usage) && usage.ValueKind == JsonValueKind.True);
    }

    public static int TokensOf(string text) => (Encoding.UTF8.GetByteCount(text) + BytesPerToken - 1) / BytesPerToken;

    private static string? Role(JsonElement message) =>
        message.TryGetProperty("role", out var role) && role.ValueKind == JsonValueKind.String ? role.GetString() : null;

    // "content": "text" or "content": [ { "type": "text", "text": "…" }, … ]
    private static string Text(JsonElement message) =>
        !message.TryGetProperty("content", out var content) ? ""
        : content.ValueKind == JsonValueKind.String ? content.GetString()!
        : content.ValueKind != JsonValueKind.Array ? ""
        : string.Concat(content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : ""));
}
