using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.Api.Keys;

/// <summary>The body of <c>POST /v1/keys</c>.</summary>
internal sealed record KeyRequest
{
    /// <summary>For people: 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What the key may do: one or more of <see cref="Scopes.All"/>.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }
}

/// <summary>A key as it is listed.</summary>
/// <param name="Id">Names it where it is revoked.</param>
/// <param name="Name">For people.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
internal sealed record KeyView(string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt)
{
    public static KeyView Of(KeyRecord key) => new(key.Id, key.Name, key.Scopes, key.CreatedAt);
}

/// <summary>A key just made: the one time that it is shown.</summary>
/// <param name="Id">Names it where it is revoked.</param>
/// <param name="Name">For people.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Key">The key itself; it cannot be shown again.</param>
internal sealed record NewKeyView(string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string Key);

/// <summary>The JSON of the keys' endpoints, by the rules of <see cref="ContractsJson"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(NewKeyView))]
[JsonSerializable(typeof(Page<KeyView>))]
internal sealed partial class KeysJson : JsonSerializerContext;
