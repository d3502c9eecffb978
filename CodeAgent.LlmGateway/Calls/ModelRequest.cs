using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// A request for a model as the caller sent it, byte for byte. Only what the gateway needs to know is read (<see cref="RequestScan"/>);
/// what it does not know of goes through as it is.
/// </summary>
internal sealed class ModelRequest
{
    private readonly RequestScan _scan;
    private bool _mayHaveForeign;
    private int _senders;
    private long _inputEstimate = -1;

    /// <param name="protocol">The protocol that the caller speaks.</param>
    /// <param name="operation">What is asked for.</param>
    /// <param name="body">The body; borrowed until the request is done with and <see cref="IsBeingSent"/> is false.</param>
    /// <param name="model">The model, where the protocol has it in the address rather than in the body.</param>
    /// <param name="isStream">Whether a stream is wanted, where the protocol has that in the address.</param>
    /// <exception cref="ProblemException">400: it is no JSON object, or has no model.</exception>
    public ModelRequest(Protocol protocol, Operation operation, ReadOnlyMemory<byte> body, string? model = null, bool? isStream = null)
    {
        (Protocol, Operation, Body) = (protocol, operation, body);
        _mayHaveForeign = operation != Operation.Embed;
        try
        {
            _scan = RequestScan.Read(body.Span);
        }
        catch (JsonException e)
        {
            var what = body.Span.StartsWith(Encoding.UTF8.Preamble) ? "it begins with a byte order mark"
                : e.Message.Contains("depth", StringComparison.OrdinalIgnoreCase) ? $"it is more than {RequestScan.Deepest} levels deep"
                : $"line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
            throw new ProblemException("invalid-json", StatusCodes.Status400BadRequest, $"The body is not valid JSON: {what}.");
        }

        if (_scan.IsBackground && protocol == Protocol.Responses)
        {
            // The provider would do the work and bill it, and nobody could fetch the answer.
            throw new ProblemException(NotExpressible.Type, StatusCodes.Status400BadRequest,
                "'background' must be left out or false: responses cannot be fetched later here. Ask with 'stream' where an answer takes long.")
            { Field = "background" };
        }

        Model = model ?? (_scan.Model is { Length: > 0 } named ? named : throw RequestScan.InvalidModel());
        IsStream = isStream ?? _scan.IsStream;
    }

    /// <summary>How many gateways of this kind it came through.</summary>
    public int Hops { get; init; }

    public Protocol Protocol { get; }

    public Operation Operation { get; }

    public ReadOnlyMemory<byte> Body { get; }

    public string Model { get; }

    public bool IsStream { get; }

    /// <summary>Whether the body is a list of requests (Google's <c>batchEmbedContents</c>).</summary>
    public bool IsBatch => _scan.IsBatch;

    /// <summary>Most tokens that the caller wants written; null where it does not say.</summary>
    public long? MaxOutputTokens => _scan.MaxOutputTokens;

    /// <summary>How many answers are wanted (OpenAI's <c>n</c>), 1 where the caller does not say.</summary>
    public int Choices => _scan.Choices;

    /// <summary>Whether a stream of chat completions is to end with what was used (<c>stream_options.include_usage</c>).</summary>
    public bool AsksForUsage => _scan.AsksForUsage;

    /// <summary>OpenAI's <c>prompt_cache_key</c>: the caller's own name for what should be answered by the same machine.</summary>
    public string? PromptCacheKey => _scan.PromptCacheKey;

    /// <summary>Anthropic's <c>metadata.user_id</c>.</summary>
    public string? UserId => _scan.UserId;

    /// <summary>The text of the user's first message as it is written; empty where there is none.</summary>
    public ReadOnlyMemory<byte> FirstMessage
    {
        get
        {
            var (start, end) = _scan.Messages > 0 ? FirstMessages.Find(Body.Span, _scan.Messages) : default;
            return Body[start..end];
        }
    }

    /// <summary>About how many tokens are asked, where nobody has counted them. Looked at once: bodies are large.</summary>
    public long InputEstimate
    {
        get
        {
            if (_inputEstimate < 0)
            {
                _inputEstimate = TokenEstimate.OfBody(Body.Span);
            }

            return _inputEstimate;
        }
    }

    /// <summary>Who asks.</summary>
    public string Caller { get; init; } = "";

    /// <summary>The task or session that the request is a part of, where the caller names one.</summary>
    public string? Session { get; init; }

    /// <summary>Headers of the caller that mean something to a provider of the same protocol.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>The caller's query, such as <c>?beta=true</c>; with a key taken out.</summary>
    public QueryString Query { get; init; }

    /// <summary>Whether someone is still reading <see cref="Body"/>, though the request may be done with.</summary>
    public bool IsBeingSent => Volatile.Read(ref _senders) > 0;

    /// <summary>The body begins to be sent: to be paired with <see cref="Sent"/>.</summary>
    public void Sending() => Interlocked.Increment(ref _senders);

    public void Sent() => Interlocked.Decrement(ref _senders);

    /// <summary>The body with another model's name in it and, where <paramref name="askForUsage"/> is set, asking for what a stream used; in pieces.</summary>
    /// <remarks>What another kind of provider thought is left out: see <see cref="ForeignThoughts"/>.</remarks>
    public ReadOnlyMemory<byte>[] With(string model, bool askForUsage = false)
    {
        List<(int Start, int End, byte[] Text)> changes = [];
        if (_mayHaveForeign)
        {
            changes.AddRange(ForeignThoughts.Find(Protocol, Body.Span, _scan.Messages, model));
            _mayHaveForeign = changes.Count > 0;
        }

        if (model != Model)
        {
            // Google's requests name the model in the address; where the body does too, it is as a resource.
            var name = Protocol == Protocol.Gemini && !model.Contains('/', StringComparison.Ordinal) ? $"models/{model}" : model;
            changes.AddRange(_scan.InnerModels.Concat(_scan.ModelToken is { } named ? [named] : [])
                .Select(token => (token.Start, token.End, Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(name)}\""))));
        }

        if (askForUsage && IsStream && !AsksForUsage)
        {
            changes.Add(_scan.UsageWish);
        }

        if (changes.Count == 0)
        {
            return [Body];
        }

        List<ReadOnlyMemory<byte>> pieces = [];
        var from = 0;
        foreach (var (start, end, text) in changes.OrderBy(change => change.Start))
        {
            pieces.Add(Body[from..start]);
            pieces.Add(text);
            from = end;
        }

        pieces.Add(Body[from..]);
        return [.. pieces];
    }
}
