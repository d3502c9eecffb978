using System.Globalization;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Who commits, and when.</summary>
/// <param name="Name">The name.</param>
/// <param name="Email">The address.</param>
/// <param name="At">The time.</param>
internal sealed record CommitIdentity(string Name, string Email, DateTimeOffset At)
{
    /// <summary>As git takes it.</summary>
    public IReadOnlyDictionary<string, string?> Environment
    {
        get
        {
            var date = string.Create(CultureInfo.InvariantCulture, $"@{At.ToUnixTimeSeconds()} +0000");
            return new Dictionary<string, string?>
            {
                ["GIT_AUTHOR_NAME"] = Name,
                ["GIT_AUTHOR_EMAIL"] = Email,
                ["GIT_AUTHOR_DATE"] = date,
                ["GIT_COMMITTER_NAME"] = Name,
                ["GIT_COMMITTER_EMAIL"] = Email,
                ["GIT_COMMITTER_DATE"] = date,
            };
        }
    }
}
