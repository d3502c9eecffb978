using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Keys;

/// <summary>Who calls the gateway.</summary>
internal static class GatewayIdentity
{
    // Revoking ends a key at once; this only spares Redis the question for each request.
    private static readonly TimeSpan Remember = TimeSpan.FromSeconds(5);

    public static void AddGatewayIdentity(this WebApplicationBuilder builder) => builder.AddIdentity(keys => keys.RememberFor = Remember);
}
