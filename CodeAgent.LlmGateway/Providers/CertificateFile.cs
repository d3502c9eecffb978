using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>The certificates that a provider's own may come from.</summary>
internal static class CertificateFile
{
    /// <exception cref="CryptographicException">It is no such file.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static X509Certificate2Collection Load(string path)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(path);
        return certificates.Count > 0 ? certificates : throw new CryptographicException($"There is no certificate in '{path}'.");
    }

    /// <summary>What is wrong with a file; null where nothing is.</summary>
    public static string? Problem(string path)
    {
        try
        {
            Load(path);
            return null;
        }
        catch (Exception e) when (IsOfFile(e))
        {
            return e is FileNotFoundException or DirectoryNotFoundException ? $"there is no file '{path}'" : $"it is no PEM file of certificates: {e.Message}";
        }
    }

    public static bool IsOfFile(Exception e) => e is CryptographicException or IOException or UnauthorizedAccessException;
}
