namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>Keys that come from the environment rather than from Redis, so that a fresh system has a first one.</summary>
public sealed class IdentityOptions
{
    /// <summary><c>CODEAGENT_API_KEY</c>: a key with every scope but <see cref="Scopes.Work"/>. None where it is empty.</summary>
    [ConfigurationKeyName("CODEAGENT_API_KEY")]
    public string? ApiKey { get; set; }

    /// <summary><c>CODEAGENT_WORKER_KEY</c>: the key of the workers, with the scope <see cref="Scopes.Work"/> alone. None where it is empty.</summary>
    [ConfigurationKeyName("CODEAGENT_WORKER_KEY")]
    public string? WorkerKey { get; set; }

    /// <summary>
    /// <c>CODEAGENT_KEY_SECRET</c>: what keys and tokens are hashed with (<see cref="KeySecrets"/>), the same in the Api and the
    /// gateway. Several are separated by commas, the newest first; each has 32 characters or more. Bare SHA-256 where it is empty.
    /// </summary>
    [ConfigurationKeyName("CODEAGENT_KEY_SECRET")]
    public string? KeySecret { get; set; }

    /// <summary><c>CODEAGENT_KEY_SECRET_FILE</c>: a file with these secrets instead, one a line, read again when it changes.</summary>
    [ConfigurationKeyName("CODEAGENT_KEY_SECRET_FILE")]
    public string? KeySecretFile { get; set; }
}
