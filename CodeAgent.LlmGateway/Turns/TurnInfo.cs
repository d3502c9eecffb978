using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Turns;

/// <summary>What is noted of a turn for operators; nothing of what was said in it.</summary>
internal sealed record TurnInfo(string Model, string Provider, DateTimeOffset At)
{
    public TokenUsage? Usage { get; init; }
}

/// <summary>A turn as operators see it.</summary>
/// <param name="Key">The idempotency key.</param>
/// <param name="Asked">How often the provider was asked.</param>
/// <param name="Answered">How often it answered to the end.</param>
/// <param name="Replayed">How often the recorded answer was given instead.</param>
/// <param name="Model">The model's name at the provider.</param>
/// <param name="Provider">The provider's name.</param>
/// <param name="Usage">The tokens of the last answer.</param>
/// <param name="At">When it was asked or answered last.</param>
internal sealed record TurnView(
    string Key, long Asked, long Answered, long Replayed, string? Model, string? Provider, TokenUsage? Usage, DateTimeOffset? At);

internal sealed record TurnList(Guid Task, IReadOnlyList<TurnView> Turns);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(TurnInfo))]
[JsonSerializable(typeof(TurnList))]
internal sealed partial class TurnJson : JsonSerializerContext;
