namespace CodeAgent.LlmGateway.Errors;

internal static class ProtocolErrorExtensions
{
    public static void AddProtocolErrors(this WebApplicationBuilder builder) =>
        // In front of the writer of problem details, which would take every error otherwise.
        builder.Services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, ProtocolErrorWriter>());
}
