using System.Globalization;
using System.Security.Claims;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Who calls, with what is known of the key or the token; beside the claims that policies ask for.</summary>
public sealed class CallerIdentity : ClaimsIdentity
{
    private CallerIdentity(IEnumerable<Claim> claims)
        : base(claims, KeyAuthentication.SchemeName)
    {
    }

    /// <summary>The key; null for a task token.</summary>
    public KeyRecord? Key { get; private init; }

    /// <summary>Where the key is stored; null for a task token, and for a key from the environment.</summary>
    public RedisKey? KeyRecord { get; private init; }

    /// <summary>The task and the fencing number of a task token; null for a key.</summary>
    public (Guid Task, long Fence)? Token { get; private init; }

    /// <summary>Whose the caller is; null for who belongs to the house itself.</summary>
    public string? Tenant { get; private init; }

    /// <summary>Who calls with a key.</summary>
    /// <param name="key">The key.</param>
    /// <param name="hash">The hash under which it is stored; null where it is not.</param>
    public static CallerIdentity Of(KeyRecord key, string? hash) =>
        new([new(CallerClaims.Subject, key.Id), .. key.Scopes.Select(scope => new Claim(CallerClaims.Scope, scope))])
        { Key = key, Tenant = key.Tenant, KeyRecord = hash is null ? default(RedisKey?) : RedisKeys.ApiKey(hash) };

    /// <summary>Who calls with the token of somebody else who knows them.</summary>
    /// <param name="subject">Who.</param>
    /// <param name="scopes">Some of <see cref="Scopes.All"/>.</param>
    /// <param name="tenant">Whose the caller is; null for who belongs to the house itself.</param>
    public static CallerIdentity Of(string subject, IEnumerable<string> scopes, string? tenant) =>
        new([new(CallerClaims.Subject, subject), .. scopes.Select(scope => new Claim(CallerClaims.Scope, scope))]) { Tenant = tenant };

    /// <summary>Who calls with a task token.</summary>
    /// <param name="task">The task.</param>
    /// <param name="fence">The fencing number of its lease.</param>
    /// <param name="isHeld">Whether that lease holds.</param>
    public static CallerIdentity Of(Guid task, long fence, bool isHeld) => new(
    [
        new(CallerClaims.Subject, $"task {task}"),
        new(CallerClaims.Task, task.ToString()),
        new(CallerClaims.Fence, fence.ToString(CultureInfo.InvariantCulture)),
        .. isHeld ? [new Claim(CallerClaims.Scope, Scopes.Lease)] : Array.Empty<Claim>(),
    ])
    { Token = (task, fence) };
}
