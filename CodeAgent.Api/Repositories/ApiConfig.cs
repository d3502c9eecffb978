using CodeAgent.Api.Audit;
using CodeAgent.Api.Callbacks;
using CodeAgent.Api.Idempotency;
using CodeAgent.Api.Identity;
using CodeAgent.Api.Queue;
using CodeAgent.Api.RateLimits;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Repositories;

/// <summary>The file <c>config/api.yaml</c>.</summary>
internal sealed class ApiConfig
{
    /// <summary>Which repositories tasks may name.</summary>
    public RepositoryConfig Repositories { get; set; } = new();

    /// <summary>How long requests with an <c>Idempotency-Key</c> are remembered.</summary>
    public IdempotencyConfig Idempotency { get; set; } = new();

    /// <summary>Who goes next, and how many at once.</summary>
    public QueueConfig Queue { get; set; } = new();

    /// <summary>How tasks call back.</summary>
    public CallbackConfig Callbacks { get; set; } = new();

    /// <summary>Whose word is taken for who calls, beside the keys.</summary>
    public IdentityConfig Identity { get; set; } = new();

    /// <summary>How much one caller may ask.</summary>
    public RateLimitConfig RateLimits { get; set; } = new();

    /// <summary>What is kept of who did what.</summary>
    public AuditConfig Audit { get; set; } = new();

    public static void Validate(ApiConfig config, ConfigProblems problems)
    {
        IdentityConfig.Validate(config.Identity, problems);
        RateLimitConfig.Validate(config.RateLimits, problems);
        for (var i = 0; i < config.Repositories.AllowedFolders.Count; i++)
        {
            problems.Require(config.Repositories.AllowedFolders[i].Length > 0, $"repositories.allowedFolders[{i}]", "a folder is a path, such as /home/me/source");
        }

        config.Idempotency.Validate(problems);
        config.Queue.Validate(problems);
        config.Callbacks.Validate(problems);
        config.Audit.Validate(problems);
    }
}

/// <summary>Which repositories tasks may name.</summary>
internal sealed class RepositoryConfig
{
    /// <summary>Repositories in these folders may be named as <c>file:///…</c>. None by default. Relative paths begin at <c>CODEAGENT_HOME</c>; links are followed.</summary>
    public List<string> AllowedFolders { get; set; } = [];
}
