using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Audit;

/// <summary>Who did what, or tried to.</summary>
internal sealed record AuditEntry
{
    /// <summary>Its place in the log, from 1; where one is missing, it was dropped with the oldest. Each tenant's log has numbers of its own.</summary>
    public long Number { get; set; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who: the id of a key, <c>development</c> or <c>worker</c> for the keys from the environment, <c>task ID</c>, <c>SUBJECT@ISSUER</c>, or <c>nobody</c> without a good key.</summary>
    public required string Subject { get; init; }

    /// <summary>The caller's tenant; left out where they belong to the house itself.</summary>
    public string? Tenant { get; init; }

    /// <summary>The address that it came from, as the connection has it.</summary>
    public string? Address { get; init; }

    /// <summary>The method and the route, as in <c>POST /v1/tasks/{id}/cancel</c>.</summary>
    public required string Action { get; init; }

    /// <summary>The id of the task or the key that it was about.</summary>
    public string? Target { get; init; }

    /// <summary>How it ended: an HTTP status.</summary>
    public required int Status { get; init; }

    /// <summary>Trace id of the request.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>What is to be said that no request did: entries that got lost, refusals that were not written one by one.</summary>
    public string? Note { get; init; }
}

/// <summary>The JSON of the log, in Redis and on the wire.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(AuditEntry))]
[JsonSerializable(typeof(Page<AuditEntry>))]
internal sealed partial class AuditJson : JsonSerializerContext;
