namespace CodeAgent.Worker.Configuration;

/// <summary>How the worker signs its commits.</summary>
internal sealed class SigningOptions
{
    /// <summary>What kind of key it is.</summary>
    public SigningFormat Format { get; set; }

    /// <summary>The private key, an absolute path of a file without a passphrase.</summary>
    public string Key { get; set; } = "";
}

/// <summary>The kinds of keys.</summary>
internal enum SigningFormat
{
    /// <summary>A key as ssh-keygen makes it.</summary>
    Ssh,

    /// <summary>A key as <c>gpg --export-secret-keys</c> writes it.</summary>
    OpenPgp,
}
