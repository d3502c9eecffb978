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

    /// <summary>Whose key it is: 1 to 63 characters of a to z, 0 to 9 and -. It sees that tenant's tasks alone. A key of a tenant makes keys of its own tenant, and need not name it.</summary>
    public string? Tenant { get; init; }

    /// <summary>From when on it opens nothing any more: RFC 3339, in the future. Never where it is left out.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>The body of <c>POST /v1/keys/{id}/rotate</c>; it may be left out.</summary>
internal sealed record RotateRequest
{
    /// <summary>For how long the old secret goes on working: 0 to 2,592,000 (30 days), 0 by default.</summary>
    public int GraceSeconds { get; set; }
}

/// <summary>A key as it is listed.</summary>
/// <param name="Id">Names it where it is revoked.</param>
/// <param name="Name">For people.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Tenant">Whose it is; left out where it is the house's own.</param>
/// <param name="ExpiresAt">From when on it opens nothing any more.</param>
/// <param name="LastUsedAt">When it last opened something, to a minute; left out where it never did.</param>
internal sealed record KeyView(
    string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string? Tenant, DateTimeOffset? ExpiresAt, DateTimeOffset? LastUsedAt)
{
    public static KeyView Of(KeyRecord key, DateTimeOffset? lastUsedAt) =>
        new(key.Id, key.Name, key.Scopes, key.CreatedAt, key.Tenant, key.ExpiresAt, lastUsedAt);
}

/// <summary>A key, or a new secret of one, just made: the one time that it is shown.</summary>
/// <param name="Id">Names it where it is revoked.</param>
/// <param name="Name">For people.</param>
/// <param name="Scopes">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="Tenant">Whose it is; left out where it is the house's own.</param>
/// <param name="ExpiresAt">From when on it opens nothing any more.</param>
/// <param name="Key">The key itself; it cannot be shown again.</param>
internal sealed record NewKeyView(
    string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt, string? Tenant, DateTimeOffset? ExpiresAt, string Key)
{
    public static NewKeyView Of(KeyRecord key, string secret) => new(key.Id, key.Name, key.Scopes, key.CreatedAt, key.Tenant, key.ExpiresAt, secret);
}

/// <summary>The JSON of the keys' endpoints, by the rules of <see cref="ContractsJson"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(RotateRequest))]
[JsonSerializable(typeof(NewKeyView))]
[JsonSerializable(typeof(Page<KeyView>))]
[JsonSerializable(typeof(IReadOnlyList<KeyView>))]
internal sealed partial class KeysJson : JsonSerializerContext;
