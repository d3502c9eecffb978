using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;
using CodeAgent.Worker.Workspaces.Credentials;

namespace CodeAgent.Worker.Deliveries.PullRequests;

/// <summary>Opens the pull request of a branch that is pushed. What goes wrong here is told, and takes nothing back.</summary>
internal sealed partial class PullRequestOpener(IHttpClientFactory clients, GitCredentials credentials, Git git, CurrentOptions options, ILogger<PullRequestOpener> logger)
{
    /// <summary>The delivery with its pull request: a new one, or the open one that the branch has already.</summary>
    public async Task<Delivery> OpenAsync(Workspace workspace, Delivery delivery, DeliveryOrder order, CancellationToken cancellationToken)
    {
        var url = workspace.Base.Url!;
        try
        {
            return delivery with { PullRequest = await OpenAsync(workspace, url, order, cancellationToken) };
        }
        catch (Exception e) when (e is PullRequestException or CredentialException or HttpRequestException or JsonException or GitException or InvalidOperationException or FormatException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            LogNotOpened(GitException.Clean(url), e.Message);
            var warning = $"The branch is pushed, but its pull request could not be opened: {e.Message}";
            return delivery with { Warning = delivery.Warning is { } before ? $"{before} {warning}" : warning };
        }
    }

    private async Task<PullRequestView> OpenAsync(Workspace workspace, string url, DeliveryOrder order, CancellationToken cancellationToken)
    {
        var remote = RemoteUrl.Parse(url) ?? throw new PullRequestException("a repository on the disk has none.");
        var host = GitHostOptions.Find(options().GitHosts, remote.Host)
            ?? throw new PullRequestException($"the worker's configuration has no API of {remote.Host} under gitHosts.");
        var token = await credentials.TokenAsync(url, cancellationToken)
            ?? throw new PullRequestException($"the worker's configuration has no token for {remote.Host} under credentials.");
        var proposal = await ProposeAsync(workspace, url, order, cancellationToken);
        var client = new HostClient(clients, host.BaseUrl, token);
        IPullRequestApi api = host.Api == GitHostApi.GitHub ? new GitHubApi(client, remote.Path) : new GitLabApi(client, remote.Path);
        return await api.FindAsync(proposal.Branch, cancellationToken) ?? await api.OpenAsync(proposal, cancellationToken);
    }

    private async Task<PullRequestProposal> ProposeAsync(Workspace workspace, string url, DeliveryOrder order, CancellationToken cancellationToken)
    {
        var asked = order.Request.PullRequest!;
        var message = CommitMessage.Make(order).Split('\n', 2);
        return new(order.Branch, asked.Base ?? await BaseAsync(workspace, url, order, cancellationToken), asked.Title ?? message[0].Trim(), asked.Body ?? message[1].Trim(), asked.Draft);
    }

    private async Task<string> BaseAsync(Workspace workspace, string url, DeliveryOrder order, CancellationToken cancellationToken)
    {
        var reference = order.Repository?.Ref ?? "";
        var name = reference.StartsWith("refs/heads/", StringComparison.Ordinal) ? reference["refs/heads/".Length..] : reference;
        if (name.Length > 0 && (await git.TryAsync(new(workspace.Base.Folder, "rev-parse", "--verify", "--quiet", $"refs/remotes/origin/{name}"), cancellationToken)).ExitCode == 0)
        {
            return name;
        }

        // ref: refs/heads/main	HEAD
        var head = await git.RunAsync(new(workspace.Folder.Git, "ls-remote", "--symref", "--", url, "HEAD") { Remote = url }, cancellationToken);
        return head.StartsWith("ref: refs/heads/", StringComparison.Ordinal) ? head["ref: refs/heads/".Length..].Split('\t')[0]
            : throw new PullRequestException("the repository has no default branch; name one as delivery.pullRequest.base.");
    }

    [LoggerMessage(LogLevel.Warning, "No pull request at {Repository}: {Reason}")]
    private partial void LogNotOpened(string repository, string reason);
}

/// <summary>A pull request that is to be opened.</summary>
/// <param name="Branch">The branch with the work.</param>
/// <param name="Base">The branch that gets it.</param>
/// <param name="Title">Its title.</param>
/// <param name="Body">Its text.</param>
/// <param name="Draft">Whether it is a draft.</param>
internal sealed record PullRequestProposal(string Branch, string Base, string Title, string Body, bool Draft);

/// <summary>The host does not open one.</summary>
/// <param name="message">Why, for people.</param>
internal sealed class PullRequestException(string message) : Exception(message);
