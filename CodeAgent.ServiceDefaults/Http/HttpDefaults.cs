namespace CodeAgent.ServiceDefaults.Http;

internal static class HttpDefaults
{
    /// <summary>
    /// Names of services resolve to their addresses. No resilience here on purpose: what is right for a call between our
    /// services is wrong for a long poll or a model's answer, so each client says its own.
    /// </summary>
    public static void AddHttpDefaults(this WebApplicationBuilder builder)
    {
        builder.Services.AddServiceDiscovery();
        builder.Services.ConfigureHttpClientDefaults(http => http.AddServiceDiscovery());
    }
}
