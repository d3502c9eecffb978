using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Providers;

namespace CodeAgent.LlmGateway.Tests.Providers;

public sealed class ProviderClientsTests
{
    [Fact]
    public async Task A_file_of_certificates_that_comes_back_is_taken_without_a_restart()
    {
        var file = Path.Combine(Path.GetTempPath(), $"ca-{Guid.NewGuid():N}.pem");
        using var clients = new ProviderClients();
        var provider = new ProviderConfig { Kind = ProviderKind.OpenAi, BaseUrl = "https://127.0.0.1:1/v1", CaFile = file };
        Assert.Throws<FileNotFoundException>(() => clients.Get("p", provider));

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=test", key, HashAlgorithmName.SHA256).CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), TestContext.Current.CancellationToken);

        Assert.NotNull(clients.Get("p", provider));
        File.Delete(file);
    }
}
