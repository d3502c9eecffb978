using System.Security.Claims;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>What is known of a caller.</summary>
public static class CallerClaims
{
    /// <summary>Who: the id of a key, or <c>task ID</c>.</summary>
    public const string Subject = "sub";

    /// <summary>One for each scope.</summary>
    public const string Scope = "scope";

    /// <summary>The task of a task token.</summary>
    public const string Task = "task";

    /// <summary>The fencing number of a task token.</summary>
    public const string Fence = "fence";

    /// <summary>The task that the caller's token is for, and its fencing number; none for a key.</summary>
    public static (Guid Task, long Fence)? TaskToken(this ClaimsPrincipal caller) => (caller.Identity as CallerIdentity)?.Token;

    /// <summary>Whose the caller is: what it makes belongs to that tenant, and it sees nothing else. Null for who belongs to the house itself, and sees everything.</summary>
    public static string? Tenant(this ClaimsPrincipal caller) => (caller.Identity as CallerIdentity)?.Tenant;

    /// <summary>Who calls, for logs.</summary>
    public static string Name(this ClaimsPrincipal caller) => caller.FindFirstValue(Subject) ?? "nobody";
}
