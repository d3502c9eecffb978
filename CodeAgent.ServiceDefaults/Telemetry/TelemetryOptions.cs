namespace CodeAgent.ServiceDefaults.Telemetry;

/// <summary>What differs from service to service in what is traced.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Whether requests to this path stay out of the traces (their log lines keep their correlation ID). Health probes always do.</summary>
    public Func<HttpContext, bool> Untraced { get; set; } = _ => false;

    /// <summary>Whether outgoing requests stay out of the traces.</summary>
    public Func<HttpRequestMessage, bool> UntracedOutgoing { get; set; } = _ => false;
}
