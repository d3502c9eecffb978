namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>What a key may do. A key has one or more of these.</summary>
public static class Scopes
{
    /// <summary>See tasks, their events and artifacts, and the status.</summary>
    public const string Read = "read";

    /// <summary>Submit tasks, cancel, retry and message them.</summary>
    public const string Submit = "submit";

    /// <summary>Stop and drain.</summary>
    public const string Operate = "operate";

    /// <summary>Make and revoke keys.</summary>
    public const string Admin = "admin";

    /// <summary>Claim leases: a worker key.</summary>
    public const string Work = "work";

    /// <summary>Call models through the gateway.</summary>
    public const string Models = "models";

    /// <summary>Look after the gateway: its keys for models, its books, its routes. <see cref="Admin"/> may do that too.</summary>
    public const string Gateway = "gateway";

    /// <summary>The policy of task tokens: one task, while its lease holds.</summary>
    public const string Lease = "lease";

    /// <summary>The policy of task tokens, those included whose lease is over: so that they are told why they are refused.</summary>
    public const string TaskToken = "task-token";

    /// <summary>Every scope a key can have.</summary>
    public static IReadOnlyList<string> All { get; } = [Read, Submit, Operate, Admin, Work, Models, Gateway];

    /// <summary>What concerns all tenants at once: worthless with a tenant, whatever its key says.</summary>
    public static IReadOnlyList<string> OfTheHouse { get; } = [Operate, Work, Gateway];
}
