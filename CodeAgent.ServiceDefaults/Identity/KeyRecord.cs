using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>What is kept of a key; never the key.</summary>
/// <param name="Id">Names the key where it is listed and revoked.</param>
/// <param name="Name">For people.</param>
/// <param name="Scopes">Some of <see cref="Identity.Scopes.All"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record KeyRecord(string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt)
{
    /// <summary>How much may be asked of models with it.</summary>
    public CallLimits? Limits { get; init; }

    /// <summary>The models that may be asked with it, by the gateway's names; all where it is left out.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Whose the key is. Keys of a tenant share its limits and its answers in the cache.</summary>
    public string? Tenant { get; init; }

    /// <summary>Whether answers may come from the cache without each request asking for that.</summary>
    public bool? Cache { get; init; }

    /// <summary>From when on it opens nothing any more.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The request that gave it its secret, where that had a name; so that a repetition of it does not do so again.</summary>
    public Guid? RotatedBy { get; init; }

    /// <summary>Secrets that it had before, while they are good or their records are there.</summary>
    public IReadOnlyList<FormerSecret>? Former { get; init; }
}

/// <summary>A secret that a key had before.</summary>
/// <param name="Hash">What is stored of it.</param>
/// <param name="Until">Its record is there until then.</param>
/// <param name="IsSame">Whether it is the same secret as now, as it was hashed before.</param>
public sealed record FormerSecret(string Hash, DateTimeOffset Until, bool IsSame = false);

/// <summary>The JSON of <see cref="KeyRecord"/>.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(KeyRecord))]
public sealed partial class IdentityJson : JsonSerializerContext;
