"""The small world of tests/integration/test_call_moto.py: resources of some forty services, made with boto3, each call of which must work."""
import io
import json
import zipfile

import call_compare
from call_compare import REGION


def code_archive():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("main.py", "def handler(event, context):\n    return 1\n")
    return out.getvalue()


def seed(url):
    """A small world; what its calls return is put into PARAMS by name."""
    world = {}
    c = {name: call_compare.client(url, name) for name in (
        "s3", "iam", "ec2", "sqs", "sns", "dynamodb", "lambda", "kms", "logs", "cloudwatch", "events",
        "rds", "ssm", "secretsmanager", "route53", "ecr", "ecs", "cloudformation", "kinesis",
        "stepfunctions", "acm", "elbv2", "autoscaling", "cloudtrail", "apigateway", "efs", "config",
        "organizations", "glue", "athena", "eks", "guardduty", "cognito-idp", "backup", "wafv2")}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole",
        "Principal": {"Service": "lambda.amazonaws.com"}}]})
    allow = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Sid": "Alles+über&100%"}]})
    c["s3"].create_bucket(Bucket="logs")
    c["s3"].create_bucket(Bucket="elsewhere",
                          CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    for n in range(7):
        c["s3"].put_object(Bucket="logs", Key=f"a b/ü+{n}&x", Body=b"\x00\xff text %d" % n,
                           Metadata={"owner": "moon"}, ContentType="application/x-test")
    c["s3"].put_bucket_versioning(Bucket="logs", VersioningConfiguration={"Status": "Enabled"})
    c["s3"].put_bucket_tagging(Bucket="logs", Tagging={"TagSet": [{"Key": "a&b", "Value": "<c>"}]})
    c["s3"].put_bucket_policy(Bucket="logs", Policy=allow)
    c["s3"].put_public_access_block(Bucket="logs", PublicAccessBlockConfiguration={
        "BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False})
    c["s3"].put_bucket_lifecycle_configuration(Bucket="logs", LifecycleConfiguration={"Rules": [
        {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 3}}]})
    for n in range(5):
        c["iam"].create_user(UserName=f"user{n}", Tags=[{"Key": "team", "Value": str(n)}])
    c["iam"].create_role(RoleName="runner", AssumeRolePolicyDocument=trust)
    c["iam"].put_role_policy(RoleName="runner", PolicyName="inline", PolicyDocument=allow)
    world["policy"] = c["iam"].create_policy(PolicyName="p", PolicyDocument=allow)["Policy"]["Arn"]
    c["iam"].attach_role_policy(RoleName="runner", PolicyArn=world["policy"])
    role = c["iam"].get_role(RoleName="runner")["Role"]["Arn"]
    vpc = c["ec2"].create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [c["ec2"].create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24",
                                      AvailabilityZone=REGION + "ab"[n])["Subnet"]["SubnetId"]
               for n in range(2)]
    world["instance"] = c["ec2"].run_instances(
        ImageId="ami-0123456789abcdef0", MinCount=2, MaxCount=2, SubnetId=subnets[0])["Instances"][0]["InstanceId"]
    world["vpc"] = vpc
    c["ec2"].create_image(InstanceId=world["instance"], Name="image")
    world["queue"] = c["sqs"].create_queue(QueueName="jobs", Attributes={"DelaySeconds": "3"})["QueueUrl"]
    world["topic"] = c["sns"].create_topic(Name="alerts")["TopicArn"]
    c["dynamodb"].create_table(TableName="t", BillingMode="PAY_PER_REQUEST",
                               KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
                               AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}])
    for n in range(4):
        c["dynamodb"].put_item(TableName="t", Item={"k": {"S": str(n)}, "b": {"B": b"\x01\x02"},
                                                    "n": {"N": "1.5"}, "l": {"L": [{"BOOL": True}]}})
    c["lambda"].create_function(FunctionName="f", Runtime="python3.12", Role=role,
                                Handler="main.handler", Code={"ZipFile": code_archive()})
    world["key"] = c["kms"].create_key(Description="d")["KeyMetadata"]["KeyId"]
    c["logs"].create_log_group(logGroupName="/g/1")
    c["logs"].create_log_group(logGroupName="/g/2")
    c["cloudwatch"].put_metric_alarm(AlarmName="a", MetricName="m", Namespace="n", Period=60,
                                     EvaluationPeriods=1, Threshold=0.1, Statistic="Sum",
                                     ComparisonOperator="GreaterThanThreshold")
    c["events"].put_rule(Name="r", ScheduleExpression="rate(5 minutes)")
    c["rds"].create_db_instance(DBInstanceIdentifier="db", DBInstanceClass="db.t3.micro", Engine="mysql",
                                AllocatedStorage=20, MasterUsername="m", MasterUserPassword="password1")
    c["ssm"].put_parameter(Name="/p", Value="v", Type="String")
    c["secretsmanager"].create_secret(Name="s", SecretString="x")
    world["zone"] = c["route53"].create_hosted_zone(Name="moon.test.", CallerReference="1")[
        "HostedZone"]["Id"].split("/")[-1]
    for n in range(3):
        c["route53"].change_resource_record_sets(HostedZoneId=world["zone"], ChangeBatch={"Changes": [
            {"Action": "CREATE", "ResourceRecordSet": {"Name": f"h{n}.moon.test.", "Type": "A", "TTL": 60,
                                                       "ResourceRecords": [{"Value": "192.0.2.1"}]}}]})
    c["ecr"].create_repository(repositoryName="repo")
    c["ecs"].create_cluster(clusterName="c")
    c["cloudformation"].create_stack(StackName="st", TemplateBody=json.dumps(
        {"AWSTemplateFormatVersion": "2010-09-09",
         "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "cfq"}}}}))
    c["kinesis"].create_stream(StreamName="k", ShardCount=1)
    world["machine"] = c["stepfunctions"].create_state_machine(
        name="m", definition='{"StartAt":"a","States":{"a":{"Type":"Pass","End":true}}}',
        roleArn=role)["stateMachineArn"]
    world["certificate"] = c["acm"].request_certificate(DomainName="moon.test")["CertificateArn"]
    world["balancer"] = c["elbv2"].create_load_balancer(Name="lb", Subnets=subnets)[
        "LoadBalancers"][0]["LoadBalancerArn"]
    c["cloudtrail"].create_trail(Name="trail", S3BucketName="logs")
    world["api"] = c["apigateway"].create_rest_api(name="api")["id"]
    c["efs"].create_file_system(CreationToken="e")
    c["organizations"].create_organization(FeatureSet="ALL")
    c["glue"].create_database(DatabaseInput={"Name": "gdb"})
    world["detector"] = c["guardduty"].create_detector(Enable=True)["DetectorId"]
    world["pool"] = c["cognito-idp"].create_user_pool(PoolName="pool")["UserPool"]["Id"]
    c["backup"].create_backup_vault(BackupVaultName="vault")
    return world
