namespace CodeAgent.Worker.Workspaces.Credentials;

internal static class CredentialExtensions
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <summary>Adds what signs git in to its hosts.</summary>
    public static IServiceCollection AddGitCredentials(this IServiceCollection services)
    {
        // A host that sends us elsewhere would get the token sent there as well.
        services.AddHttpClient(GitHubAppTokens.Client, http => http.Timeout = Limit)
            .UseSocketsHttpHandler((handler, _) => (handler.AllowAutoRedirect, handler.ConnectTimeout) = (false, TimeSpan.FromSeconds(10)));
        return services.AddSingleton<GitHubAppTokens>().AddSingleton<GitCredentials>();
    }
}
