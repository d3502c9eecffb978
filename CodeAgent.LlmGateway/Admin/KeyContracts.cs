using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Admin;

/// <summary>The body of <c>POST /admin/keys</c>.</summary>
internal sealed record KeyRequest
{
    /// <summary>For people: 1 to 100 characters.</summary>
    public required string Name { get; init; }

    public CallLimits? Limits { get; init; }

    /// <summary>The models that may be asked; all where it is left out.</summary>
    public IReadOnlyList<string>? Models { get; init; }

    /// <summary>Whose key it is: the keys of a tenant share its limits and its answers in the cache.</summary>
    public string? Tenant { get; init; }

    /// <summary>Whether answers may come from the cache without each request asking for that.</summary>
    public bool? Cache { get; init; }

    public DateTimeOffset? ExpiresAt { get; init; }
}

/// <summary>A key as it is listed.</summary>
internal sealed record KeyView(
    string Id, string Name, DateTimeOffset CreatedAt, CallLimits? Limits, IReadOnlyList<string>? Models, string? Tenant, bool? Cache, DateTimeOffset? ExpiresAt)
{
    public static KeyView Of(KeyRecord key) => new(key.Id, key.Name, key.CreatedAt, key.Limits, key.Models, key.Tenant, key.Cache, key.ExpiresAt);
}

/// <summary>A key just made: the one time that it is shown.</summary>
/// <param name="Key">What is kept of it.</param>
/// <param name="Secret">The key itself; it cannot be shown again.</param>
internal sealed record NewKeyView(KeyView Key, string Secret);

/// <summary>Some keys.</summary>
/// <param name="Items">The keys, the oldest first.</param>
/// <param name="Next">The cursor of the next page; none on the last one.</param>
internal sealed record KeyPage(IReadOnlyList<KeyView> Items, string? Next);
